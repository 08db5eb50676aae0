import FoundationEssentials

/// Writes images to a file.
public struct ImageFile {
    /// The file format.
    public enum Format: String, CaseIterable, Sendable {
        /// A picture of the images in a grid.
        case png
        /// An array of bytes [N, H, W, C] (NumPy's format, version 1.0).
        case npy
        /// MNIST's format: [N, H, W], or [N, H, W, C] in colour.
        case idx

        /// The format of a file extension; nil if there is none.
        public init?(path: String) {
            self.init(rawValue: Files.ending(path))
        }
    }

    private let images: [UInt8]
    private let image: ImageSize
    private let count: Int

    /// - Parameters:
    ///   - images: bytes of `[count, height, width, channels]`.
    ///   - image: the size of one.
    public init(images: [UInt8], image: ImageSize) {
        self.images = images
        self.image = image
        count = images.count / max(image.count, 1)
    }

    /// Writes the file atomically.
    ///
    /// - Parameters:
    ///   - path: the file to write.
    ///   - format: the file's format.
    ///   - grid: rows and columns of a picture; nil for a nearly square grid. A single image has no border.
    ///   - scale: side of the square that each pixel of an image becomes in a picture.
    public func write(
        _ path: String, _ format: Format, grid: (rows: Int, columns: Int)?, scale: Int = 2
    ) throws {
        switch format {
        case .png:
            let side = Int(Double(count).squareRoot().rounded(.up))
            let shape = grid ?? ((count + side - 1) / side, side)
            try checkSize(shape, scale)
            let isSingle = shape.rows * shape.columns == 1
            let raster = Raster.grid(
                images, image: image, rows: shape.rows, columns: shape.columns, scale: scale,
                gap: isSingle ? 0 : 2 * scale)
            try Files.writeAtomically(path, [raster.png()])
        case .npy:
            try Files.writeAtomically(path, [NPY(shape: [count] + image.shape, bytes: images).data])
        case .idx:
            let shape = [count] + (image.channels == 1 ? Array(image.shape.prefix(2)) : image.shape)
            try Files.writeAtomically(path, [IDX(shape: shape, bytes: images).data])
        }
    }

    /// Writes each image as a PNG file of its own without a border into a folder, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - names: a name for each image, without the ending.
    ///   - scale: side of the square that each pixel of an image becomes.
    public func writeEach(into folder: String, names: [String], scale: Int = 2) throws {
        if names.count != count { misuse("\(names.count) names for \(count) images") }
        try checkSize((1, 1), scale)
        try Files.makeDirectory(folder)
        for (index, name) in names.enumerated() {
            let raster = Raster.grid(
                Array(images[index * image.count..<(index + 1) * image.count]), image: image,
                rows: 1, columns: 1, scale: scale, gap: 0)
            try Files.writeAtomically("\(folder)/\(name).png", [raster.png()])
        }
    }

    private func checkSize(_ shape: (rows: Int, columns: Int), _ scale: Int) throws {
        let (height, width) = (
            shape.rows * image.height * scale, shape.columns * image.width * scale
        )
        if height * width <= 1 << 27, max(height, width) <= 1 << 17 { return }
        throw GanymedeError.invalidOption(
            "a grid of \(shape.rows)x\(shape.columns) images of \(image.height)x\(image.width) pixels, \(scale) times as large, is too "
                + "large for a .png: ask for fewer images, or for .npy")
    }

    /// Writes the images as a looping GIF of 12 frames a second.
    ///
    /// - Parameters:
    ///   - path: the file to write.
    ///   - pause: how long the first and the last frame are shown, in hundredths of a second.
    ///   - scale: side of the square that each pixel of an image becomes; nil enlarges until both sides have at least 224
    ///     pixels.
    public func writeFilm(_ path: String, pause: Int, scale: Int? = nil) throws {
        let size = image.count
        let side = max(min(image.height, image.width), 1)
        let frames = (0..<count).lazy.map { index in
            Raster.grid(
                Array(images[index * size..<(index + 1) * size]), image: image, rows: 1, columns: 1,
                scale: scale ?? (223 + side) / side, gap: 0)
        }
        try Files.writeAtomically(path, [Raster.gif(frames, hundredths: 8, ends: pause)])
    }
}
