extension ImageFolder {
    /// The result of decoding a folder.
    struct Decoded {
        /// The pictures that could be decoded.
        var dataset: Dataset
        /// One for each picture that cannot be used: its path and why.
        var faults: [String] = []
        /// The number of pictures of each format.
        var formats: [ImageHeader.Format: Int] = [:]
        /// The sizes of the smallest and the largest picture: [width, height].
        var extents: (smallest: [Int], largest: [Int])?
        /// The number of colour pictures that were converted to grey.
        var madeGrey = 0

        /// `8x8 to 40x30`, or one size if both are equal; nil if there are no pictures.
        var range: String? {
            extents.map { smallest, largest in
                (smallest == largest ? "" : "\(smallest.extents) to ") + largest.extents
            }
        }

        /// Notes on how the pictures were converted.
        var changes: [String] { [resizing, greying].compactMap { $0 } }

        private var resizing: String? {
            guard let image = dataset.image else { return nil }
            let side = [image.height, image.width]
            guard let extents, let range, extents.smallest != side || extents.largest != side else {
                return nil
            }
            return "pictures of \(range) pixels were resized to \(side.extents)"
        }

        /// A note that colours are lost.
        var greying: String? {
            madeGrey == 0
                ? nil
                : "\(madeGrey) of \(dataset.count) pictures \(madeGrey == 1 ? "is" : "are") in colour and made grey"
        }
    }

    /// The pictures from the cache, or decoded and then cached.
    func load(
        size: Int, channels: Int, cache: ImageCache?, progress: (Int, Int) -> Void
    ) throws -> Dataset {
        let image = ImageSize(side: size, channels: channels)
        if let pixels = cache?.read(self, image) { return dataset(image, pixels, labels) }
        let decoded = try decodeAll(size: size, channels: channels, progress: progress)
        cache?.write(self, decoded.dataset)
        return decoded.dataset
    }

    /// Every picture at its final size. Throws an error that names those that cannot be used.
    func decodeAll(
        size: Int, channels: Int, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> Decoded {
        let decoded = try decode(size: size, channels: channels, progress: progress)
        if !decoded.faults.isEmpty { throw ImageFolder.error(decoded.faults, of: self) }
        return decoded
    }

    /// Every picture that can be used, at its final size, and the faults of the others.
    func decode(size: Int, channels: Int, progress: (Int, Int) -> Void) throws -> Decoded {
        let image = ImageSize(side: size, channels: channels)
        try Dataset.checkMemory(count: files.count, image: image)
        var result = Decoded(dataset: dataset(image, [], nil))
        var pixels: [UInt8] = []
        pixels.reserveCapacity(files.count * image.count)
        var kept: [Int] = []
        for (index, file) in files.enumerated() {
            do {
                pixels += try decode(file, size: size, channels: channels, &result).pixels
                if let labels { kept.append(labels[index]) }
            } catch let fault as ImageFault {
                result.faults.append("\(quoted("\(path)/\(file.path)")) \(fault.reason)")
            }
            progress(index + 1, files.count)
        }
        result.dataset = dataset(image, pixels, labels == nil ? nil : kept)
        return result
    }

    private func decode(
        _ file: File, size: Int, channels: Int, _ result: inout Decoded
    ) throws -> Raster {
        guard let status = file.status else {
            // Invalid UTF-8 in the name was replaced when the folder was read.
            throw ImageFault(
                file.path.contains("\u{FFFD}")
                    ? "has a name that is not UTF-8: rename it" : "is a link to nothing")
        }
        guard status.isFile else { throw ImageFault("is a pipe or a device") }
        guard status.size <= 64 << 20 else { throw ImageFault("has more than 64 MiB") }
        return try Files.read("\(path)/\(file.path)", limit: 64 << 20).withUnsafeBytes { bytes in
            let header = try ImageHeader(bytes)
            let picture = try GDImage.decoded(bytes, header)
            result.formats[header.format, default: 0] += 1
            let extent = [header.width, header.height]
            let area = { (extent: [Int]) in extent[0] * extent[1] }
            let (smallest, largest) = result.extents ?? (extent, extent)
            result.extents = (
                area(extent) < area(smallest) ? extent : smallest,
                area(extent) > area(largest) ? extent : largest
            )
            if channels == 1 && picture.isColoured { result.madeGrey += 1 }
            return try picture.square(size).raster(channels: channels)
        }
    }

    private func dataset(_ image: ImageSize, _ pixels: [UInt8], _ labels: [Int]?) -> Dataset {
        Dataset(name: path, image: image, pixels: pixels, labels: labels, classNames: classNames)
    }

    private static func error(_ faults: [String], of folder: ImageFolder) -> GanymedeError {
        var lines = ["\(faults.count) of \(folder.files.count) pictures cannot be used:"]
        lines += faults.prefix(10).map { "  " + $0 }
        if faults.count > 10 { lines.append("  and \(faults.count - 10) more") }
        let it = faults.count == 1 ? "it" : "them"
        return .dataUnsuitable(
            "\(lines.joined(separator: "\n"))\nReplace \(it) or take \(it) out\(advice: "; all are listed by ganymede data inspect \(quoted(folder.path))")"
        )
    }
}
