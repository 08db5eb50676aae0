/// How many of the evaluator's classes generated images hit, each being of its most likely class, and how far their
/// shares are from equal ones: KL(histogram || uniform) in nats. As counted since Metz et al., "Unrolled generative
/// adversarial networks" (2016). N perfect samples have a divergence of about (K - 1) / 2N: ``ClassHistogram/bias``.
///
/// Of StackedMNIST, pictures whose three channels are each a digit, the classes are the 1000 three-digit numbers, and N is
/// 26,000 since Srivastava et al., "VEEGAN" (2017): perfect samples have a divergence of 0.0193.
public enum Modes: Metric {
    public static let names = ["modes", "mode_kl_uniform"]
    public static let about = [
        "classes that are made", "how far their shares are from equal ones, in nats",
    ]
    public static let minimumSamples = 100

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let histogram = try ClassHistogram(of: input)
        return [Double(histogram.hit), histogram.divergenceFromUniform]
    }
}

/// How far the classes of generated images are from those of the data: KL(histogram || shares) in nats, where the
/// shares are known. See ``Modes``.
public enum ModeDivergence: Metric {
    public static let names = ["mode_kl"]
    public static let about = ["how far the classes' shares are from the data's, in nats"]
    public static let minimumSamples = 100

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let histogram = try ClassHistogram(of: input)
        guard let shares = input.classShares else {
            throw GanymedeError.world(
                "mode_kl compares with the classes of the data, which has no labels: take mode_kl_uniform"
            )
        }
        guard shares.count == histogram.counts.count, isDistribution(shares),
            shares.allSatisfy({ $0 > 0 })
        else {
            throw GanymedeError.world(
                "the data's class shares \(shares) are not \(histogram.counts.count) positive numbers that sum to 1: "
                    + "mode_kl is of data that has every class of the evaluator")
        }
        return [histogram.divergence(from: shares)]
    }
}

extension ClassHistogram {
    /// The classes of the generated images. Throws where the evaluator knows less than two.
    init(of input: MetricInput) throws {
        guard input.generated.probabilities.columns > 1 else {
            throw GanymedeError.world("the evaluator knows no classes, so there are no modes")
        }
        self.init(mostLikely: input.generated.probabilities)
    }
}
