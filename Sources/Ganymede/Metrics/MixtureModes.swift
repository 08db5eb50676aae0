/// How points cover the modes of a mixture of equal Gaussians. As for the grids and rings of Srivastava et al.,
/// "VEEGAN" (2017), and Lin et al., "PacGAN" (2018).
///
/// A point is of high quality within 3 standard deviations of a centre. This holds for 1 - e^(-9/2) = 98.9 % of the
/// mixture's own points.
public struct MixtureModes: Sendable, Equatable {
    /// The number of centres that have a point of high quality.
    public let hit: Int
    /// The share of points of high quality.
    public let highQualityShare: Double
    /// All points, each counted for its nearest centre.
    public let histogram: ClassHistogram

    /// Measures how `points` [N, D] cover Gaussians of standard deviation `deviation` around `centres` [K, D]. Throws
    /// for NaN or infinity; misuse if there are no points, no centres, or columns differ.
    public init(_ points: Matrix, centres: Matrix, deviation: Double) throws {
        if points.columns != centres.columns || points.rows == 0 || centres.rows == 0 {
            misuse(
                "\(points.rows) points of \(points.columns) numbers around \(centres.rows) centres of \(centres.columns)"
            )
        }
        let nearest = try NearestNeighbours(of: points, among: centres, count: 1)
        let good = (0..<points.rows).filter { nearest.distance($0) <= 3 * deviation }
        hit = Set(good.map { nearest.indices[$0] }).count
        highQualityShare = Double(good.count) / Double(points.rows)
        histogram = ClassHistogram(nearest.indices, classes: centres.rows)
    }
}
