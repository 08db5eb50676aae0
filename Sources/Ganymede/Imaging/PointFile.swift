import FoundationEssentials

/// Writes points in the plane to a file.
public struct PointFile {
    private let points: [Float]

    /// - Parameter points: coordinates [count, 2].
    public init(points: [Float]) { self.points = points }

    /// The side of a picture in pixels at scale 1.
    private static let side = Scatter.side / 2

    /// Writes a picture (`.png`) or an array of 32-bit floats [N, 2] (`.npy`) atomically. Throws a usage error for
    /// MNIST's format, which holds images.
    ///
    /// - Parameters:
    ///   - path: the file to write.
    ///   - format: the file's format.
    ///   - scale: the size of a picture, in steps of 200 pixels.
    public func write(_ path: String, _ format: ImageFile.Format, scale: Int = 2) throws {
        switch format {
        case .png:
            var scatter = Scatter(reach: Scatter.reach(of: points), side: PointFile.side * scale)
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

    /// Writes a looping GIF of 12 frames a second in which one point after the other is drawn, the newest one large.
    ///
    /// - Parameters:
    ///   - path: the file to write.
    ///   - pause: how long the first and the last frame are shown, in hundredths of a second.
    ///   - scale: the size of the picture, in steps of 200 pixels.
    public func writeFilm(_ path: String, pause: Int, scale: Int = 2) throws {
        let reach = Scatter.reach(of: points)
        let frames = (1...max(points.count / 2, 1)).lazy.map { count in
            var scatter = Scatter(reach: reach, side: PointFile.side * scale)
            scatter.draw(generated: Array(points.prefix(2 * count)))
            scatter.draw(generated: Array(points.prefix(2 * count).suffix(2)), larger: 4)
            return scatter.raster
        }
        try Files.writeAtomically(path, [Raster.gif(frames, hundredths: 8, ends: pause)])
    }
}
