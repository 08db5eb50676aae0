import FoundationEssentials

/// Writes points in the plane to a file.
public struct PointFile {
    private let points: [Float]

    /// - Parameter points: coordinates [count, 2].
    public init(points: [Float]) { self.points = points }

    /// Writes a picture (`.png`) or an array of 32-bit floats [N, 2] (`.npy`) atomically. Throws a usage error for
    /// MNIST's format, which holds images.
    public func write(_ path: String, _ format: ImageFile.Format) throws {
        switch format {
        case .png:
            var scatter = Scatter(reach: Scatter.reach(of: points))
            scatter.draw(generated: points)
            try Files.writeAtomically(path, [scatter.raster.png()])
        case .npy:
            let bytes = points.flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) }
            }
            let shape = [points.count / 2, 2]
            try Files.writeAtomically(path, [NPY.data(shape, of: "<f4", bytes)])
        case .idx:
            throw GanymedeError.invalidOption(
                "an .idx file holds images, and this system makes points: use .npy or .png")
        }
    }
}
