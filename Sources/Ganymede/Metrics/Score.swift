/// The Inception Score of Salimans et al., "Improved techniques for training GANs" (2016), with the evaluator's
/// classes: exp(E KL(p(y|x) || p(y))), where p(y) is the mean of p(y|x). It lies between 1, for images that are all
/// alike or undecided, and the number of classes K, for images that are all certain and evenly spread. As in
/// torch-fidelity with one split.
///
/// It detects neither a lack of variety within a class nor a difference from real images.
public enum Score: Metric {
    public static let names = ["score"]
    public static let about = [
        "certainty and variety of classes: higher is better, at most the number of classes"
    ]
    public static let minimumSamples = 10_000

    public static func figures(_ input: MetricInput) throws -> [Double] {
        [try Score.of(input.generated.probabilities)]
    }

    /// The score of class probabilities [N, K].
    package static func of(_ probabilities: Matrix) throws -> Double {
        guard probabilities.rows > 0, probabilities.columns > 1 else {
            throw GanymedeError.metricUndefined(
                "the evaluator knows no classes, so there is no score")
        }
        let marginal = probabilities.columnMeans
        var sum = 0.0
        for row in 0..<probabilities.rows {
            for (p, mean) in zip(probabilities.row(row), marginal) where p > 0 {
                sum += Double(p) * LibM.log(Double(p) / mean)
            }
        }
        return LibM.exp(sum / Double(probabilities.rows))
    }
}
