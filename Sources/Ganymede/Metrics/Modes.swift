/// How many of the evaluator's classes the generated images cover, each counted as its most likely class, and the
/// divergence of their shares from equal ones: KL(histogram || uniform) in nats. As in Metz et al., "Unrolled
/// generative adversarial networks" (2016). N perfect samples have a divergence of about (K - 1) / 2N:
/// ``ClassHistogram/bias``.
///
/// The classes of StackedMNIST, whose images have a digit in each of three channels, are the 1000 three-digit numbers.
/// N is 26,000 since Srivastava et al., "VEEGAN" (2017): perfect samples have a divergence of 0.0193.
public enum Modes: Metric {
    public static let names = ["modes", "mode_kl_uniform"]
    public static let about = [
        "classes that are generated", "KL divergence of their shares from equal ones, in nats",
    ]
    public static let minimumSamples = 100

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let histogram = try ClassHistogram(of: input)
        return [Double(histogram.hit), histogram.divergenceFromUniform]
    }
}

/// The divergence of the generated images' classes from those of the data: KL(histogram || shares) in nats, if the
/// shares are known. See ``Modes``.
public enum ModeDivergence: Metric {
    public static let names = ["mode_kl"]
    public static let about = ["KL divergence of the classes' shares from the data's, in nats"]
    public static let minimumSamples = 100

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let histogram = try ClassHistogram(of: input)
        guard let shares = input.classShares else {
            throw GanymedeError.metricUndefined(
                "mode_kl compares with the classes of the data, which has no labels: take mode_kl_uniform"
            )
        }
        guard shares.count == histogram.counts.count, isDistribution(shares),
            shares.allSatisfy({ $0 > 0 })
        else {
            throw GanymedeError.metricUndefined(
                "the data's class shares \(shares) are not \(histogram.counts.count) positive numbers that sum to 1: "
                    + "mode_kl is of data that has every class of the evaluator")
        }
        return [histogram.divergence(from: shares)]
    }
}

extension ClassHistogram {
    /// The classes of the generated images. Throws if the evaluator has fewer than two.
    init(of input: MetricInput) throws {
        guard input.generated.probabilities.columns > 1 else {
            throw GanymedeError.metricUndefined(
                "the evaluator knows no classes, so there are no modes")
        }
        self.init(mostLikely: input.generated.probabilities)
    }
}
