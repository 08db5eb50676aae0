/// How far the manifolds of generated and real images overlap. Both are estimated by balls around images that reach to
/// the k-th nearest neighbour (`Manifold`). As in the package `prdc` of Naeem et al.
///
/// - `precision`, `recall`, k = 3: the share of generated images that lie in a real image's ball, and of real images
///   that lie in a generated one's. Precision falls when images look wrong, recall when kinds of them are missing.
///   Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models" (2019).
/// - `density`, `coverage`, k = 5: the mean number of real balls that hold a generated image, divided by k; and the
///   share of real balls that hold at least one. For perfect images they tend to 1 and to 1 - 2^-k = 0.969. Unlike
///   precision, density is not raised by the large ball of a real outlier, and it may exceed 1. Naeem et al., "Reliable
///   fidelity and diversity metrics for generative models" (2020).
public enum PrecisionRecall: Metric {
    public static let names = ["precision", "recall", "density", "coverage"]
    public static let about = [
        "share of samples inside the real manifold",
        "share of real samples inside the generated manifold",
        "mean density of real samples around generated ones: 1 is ideal",
        "share of real samples near a generated one: higher is better",
    ]
    public static let minimumSamples = 100
    /// k of precision and recall.
    private static let few = 3
    /// k of density and coverage.
    private static let many = 5

    public static func figures(_ input: MetricInput) throws -> [Double] {
        try figures(
            real: input.training.features, generated: input.generated.features, known: input.known)
    }

    package static func figures(
        real: Matrix, generated: Matrix, known: RealFigures = RealFigures()
    ) throws -> [Double] {
        let manifold = try Manifold(real, neighbours: many, known: known)
        let narrow = manifold.squaredRadii(few)
        var precise = [Bool](repeating: false, count: generated.rows)
        var covered = [Bool](repeating: false, count: real.rows)
        var memberships = 0
        try manifold.forEachBall(holding: generated) { image, ball in
            memberships += 1
            covered[ball] = true
            if !precise[image] {
                precise[image] = generated.squaredDistance(image, real, ball) < narrow[ball]
            }
        }
        var recalled = [Bool](repeating: false, count: real.rows)
        try Manifold(generated, neighbours: few).forEachBall(
            holding: real, unless: { recalled[$0] }, { image, _ in recalled[image] = true })
        return [
            precise.share, recalled.share, Double(memberships) / Double(many * generated.rows),
            covered.share,
        ]
    }
}

extension [Bool] {
    /// The share of elements that are true.
    fileprivate var share: Double { Double(count { $0 }) / Double(count) }
}
