#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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
    private let image: [Int]
    private let count: Int

    /// - Parameters:
    ///   - images: bytes of `[count, height, width, channels]`.
    ///   - image: height, width, channels.
    public init(images: [UInt8], image: [Int], count: Int) {
        self.images = images
        self.image = image
        self.count = count
    }

    /// Writes the file atomically.
    public func write(_ path: String, _ format: Format, grid: (rows: Int, columns: Int)?) throws {
        switch format {
        case .png:
            let side = Int(Double(count).squareRoot().rounded(.up))
            let shape = grid ?? ((count + side - 1) / side, side)
            let pixels = 4 * shape.rows * shape.columns * image[0] * image[1]
            guard pixels <= 1 << 27, max(shape.rows * image[0], shape.columns * image[1]) <= 1 << 16
            else {
                throw GanymedeError.world(
                    "a grid of \(shape.rows)x\(shape.columns) images of \(image[0])x\(image[1]) pixels is too "
                        + "large for a .png: ask for fewer images, or for .npy")
            }
            let raster = Raster.grid(images, image: image, rows: shape.rows, columns: shape.columns)
            try Files.writeAtomically(path, [raster.png()])
        case .npy:
            try Files.writeAtomically(path, [NPY(shape: [count] + image, bytes: images).data])
        case .idx:
            let shape = [count] + (image[2] == 1 ? Array(image.prefix(2)) : image)
            try Files.writeAtomically(path, [IDX(shape: shape, bytes: images).data])
        }
    }

    /// Writes the images as a looping GIF of 12 frames a second, each enlarged until both sides have at least 224
    /// pixels.
    ///
    /// - Parameter pause: how long the first and the last frame are shown, in hundredths of a second.
    public func writeFilm(_ path: String, pause: Int) throws {
        let size = image.reduce(1, *)
        let side = max(min(image[0], image[1]), 1)
        let frames = (0..<count).lazy.map { index in
            Raster.grid(
                Array(images[index * size..<(index + 1) * size]), image: image, rows: 1, columns: 1,
                scale: (223 + side) / side, gap: 0)
        }
        try Files.writeAtomically(path, [Raster.gif(frames, hundredths: 8, ends: pause)])
    }
}
