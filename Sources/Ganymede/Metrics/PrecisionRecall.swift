/// Improved precision and recall of Kynkaanniemi et al., "Improved precision and recall metric for assessing generative
/// models" (2019): the share of generated images that lie within the real images' manifold, and of real images within
/// the generated ones', by balls to the third nearest neighbour. As the package `prdc`, by Naeem et al.
///
/// Precision falls when images look wrong, recall when kinds of them are missing.
public enum PrecisionRecall: Metric {
    public static let names = ["precision", "recall"]
    public static let minimumSamples = 100
    package static let neighbours = 3

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let (real, generated) = (input.training.features, input.generated.features)
        return [
            try share(of: generated, within: real), try share(of: real, within: generated),
        ]
    }

    /// The share of rows that lie in a ball around a row of `points` at least.
    package static func share(
        of queries: Matrix, within points: Matrix, neighbours: Int = neighbours
    ) throws -> Double {
        let counts = try Manifold(points, neighbours: neighbours).ballCounts(queries, upTo: 1)
        return Double(counts.reduce(0, +)) / Double(queries.rows)
    }
}
