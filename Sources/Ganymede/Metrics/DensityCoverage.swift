/// Density and coverage of Naeem et al., "Reliable fidelity and diversity metrics for generative models" (2020), by
/// balls around real images to their fifth nearest neighbour, k = 5. Density: how many balls hold a generated image, on
/// average, by k. Coverage: the share of balls that hold one at least. As the authors' package `prdc`.
///
/// For images like the real ones density tends to 1 and coverage to 1 - 2^-k = 0.969. Density, unlike precision, is not
/// raised by a real outlier's large ball, and may exceed 1.
public enum DensityCoverage: Metric {
    public static let names = ["density", "coverage"]
    public static let minimumSamples = 100
    package static let neighbours = 5

    public static func figures(_ input: MetricInput) throws -> [Double] {
        try figures(real: input.training.features, generated: input.generated.features)
    }

    package static func figures(
        real: Matrix, generated: Matrix, neighbours: Int = neighbours
    ) throws -> [Double] {
        let manifold = try Manifold(real, neighbours: neighbours)
        let balls = try manifold.ballCounts(generated).reduce(0, +)
        let nearest = try NearestNeighbours(of: real, among: generated, count: 1)
        let covered = zip(nearest.squaredDistances, manifold.squaredRadii).count { $0 < $1 }
        return [
            Double(balls) / Double(neighbours * generated.rows),
            Double(covered) / Double(real.rows),
        ]
    }
}
