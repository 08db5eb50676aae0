extension IDX {
    /// The training images in a folder, by one of their common file names.
    static func images(in folder: String) -> String? {
        ["train-images-idx3-ubyte", "train-images.idx3-ubyte"].lazy
            .compactMap { file($0, in: folder) }.first
    }

    /// The test images in a folder, by one of their common file names.
    static func testImages(in folder: String) -> String? {
        ["t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"].lazy
            .compactMap { file($0, in: folder) }.first
    }

    /// The file of that name in a folder, gzipped or not.
    static func file(_ name: String, in folder: String) -> String? {
        ["\(folder)/\(name)", "\(folder)/\(name).gz"].first(where: Files.exists)
    }

    /// The label file of an image file: its name with `labels` for `images` and `idx1` for `idx3`.
    static func labels(beside images: String) -> String? {
        let slash = images.lastIndex(of: "/").map { images.index(after: $0) } ?? images.startIndex
        var name = String(images[slash...])
        if name.hasSuffix(".gz") { name.removeLast(3) }
        let labels = name.replacing("images", with: "labels").replacing("idx3", with: "idx1")
        if labels == name { return nil }
        return file(labels, in: slash == images.startIndex ? "." : String(images[..<slash]))
    }
}

extension Dataset {
    /// Images and as many labels; grey if the images have rank 3.
    init(_ name: String, _ images: IDX, _ labels: IDX?, classNames: [String]? = nil) throws {
        let shape = images.shape.dropFirst() + (images.shape.count == 3 ? [1] : [])
        guard shape.allSatisfy({ $0 <= 16_384 }), let size = ImageSize(shape: Array(shape)) else {
            throw GanymedeError.fileMalformed(
                "\(quoted(name)) holds images of \(Shape(Array(shape))): height and width up to 16384 and 1 or 3 channels can be read"
            )
        }
        if let labels, labels.shape[0] != images.shape[0] {
            throw GanymedeError.fileMalformed(
                "\(quoted(name)): there are \(images.shape[0]) images and \(labels.shape[0]) labels"
            )
        }
        self.init(
            name: name, image: size, pixels: images.bytes,
            labels: labels?.bytes.map(Int.init),
            classNames: classNames)
    }

    /// A file of images, gzipped or not, and the labels beside it if there are any.
    init(idx path: String, name: String) throws {
        let images = try Files.read(path).withUnsafeBytes { try IDX($0, path, ranks: 3...4) }
        let labels = try IDX.labels(beside: path).map { path in
            try Files.read(path).withUnsafeBytes { try IDX($0, path, rank: 1) }
        }
        try self.init(name, images, labels)
    }
}
