/// How points in the plane cover a mixture of equal Gaussians, whose centres are the modes. As for the grids and rings of
/// Srivastava et al., "VEEGAN" (2017), and Lin et al., "PacGAN" (2018).
///
/// A point is of high quality within 3 standard deviations of a centre: of the mixture itself 1 - e^(-9/2) = 98.9 % are.
public struct MixtureModes: Sendable, Equatable {
    /// Centres that have a point of high quality.
    public let hit: Int
    /// The share of points of high quality.
    public let highQualityShare: Double
    /// All points, each counted for its nearest centre.
    public let histogram: ClassHistogram

    /// What `points` [N, D] cover of Gaussians of standard deviation `deviation` around `centres` [K, D]. Throws where
    /// a point is not finite; misuse where there are no points, no centres, or columns differ.
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
