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
    public func write(_ path: String, _ format: Format, grid: (rows: Int, columns: Int)?) throws {
        switch format {
        case .png:
            let side = Int(Double(count).squareRoot().rounded(.up))
            let shape = grid ?? ((count + side - 1) / side, side)
            let pixels = 4 * shape.rows * shape.columns * image.height * image.width
            guard pixels <= 1 << 27,
                max(shape.rows * image.height, shape.columns * image.width) <= 1 << 16
            else {
                throw GanymedeError.invalidOption(
                    "a grid of \(shape.rows)x\(shape.columns) images of \(image.height)x\(image.width) pixels is too "
                        + "large for a .png: ask for fewer images, or for .npy")
            }
            let raster = Raster.grid(images, image: image, rows: shape.rows, columns: shape.columns)
            try Files.writeAtomically(path, [raster.png()])
        case .npy:
            try Files.writeAtomically(path, [NPY(shape: [count] + image.shape, bytes: images).data])
        case .idx:
            let shape = [count] + (image.channels == 1 ? Array(image.shape.prefix(2)) : image.shape)
            try Files.writeAtomically(path, [IDX(shape: shape, bytes: images).data])
        }
    }

    /// Writes the images as a looping GIF of 12 frames a second, each enlarged until both sides have at least 224
    /// pixels.
    ///
    /// - Parameters:
    ///   - path: the file to write.
    ///   - pause: how long the first and the last frame are shown, in hundredths of a second.
    public func writeFilm(_ path: String, pause: Int) throws {
        let size = image.count
        let side = max(min(image.height, image.width), 1)
        let frames = (0..<count).lazy.map { index in
            Raster.grid(
                Array(images[index * size..<(index + 1) * size]), image: image, rows: 1, columns: 1,
                scale: (223 + side) / side, gap: 0)
        }
        try Files.writeAtomically(path, [Raster.gif(frames, hundredths: 8, ends: pause)])
    }
}
