/// Every metric.
public enum Metrics {
    /// The metrics of every evaluator, in display order.
    public static let all: [any Metric.Type] = [
        FrechetDistance.self, KernelDistance.self, Score.self, PrecisionRecall.self, Modes.self,
        ModeDivergence.self, Memorisation.self,
    ]

    /// The metrics that need features alone, and no classes: of evaluators that learned without labels.
    public static let ofFeatures: [any Metric.Type] = [
        FrechetDistance.self, KernelDistance.self, PrecisionRecall.self, Memorisation.self,
    ]

    /// Metrics that compare the pixels of whole images.
    public static let ofImages: [any Metric.Type] = [Copies.self]

    /// Metrics for points of the plane, which have no evaluator. There is no Fréchet distance: it compares means and
    /// covariances, which are the same for a ring of Gaussians and one wide Gaussian.
    public static let ofPoints: [any Metric.Type] = [
        MixtureCoverage.self, PrecisionRecall.self, Memorisation.self,
    ]

    /// Metrics for labelled images.
    public static let ofLabelled: [any Metric.Type] = [GANTest.self, GANTrain.self]

    private static var everywhere: [any Metric.Type] { all + ofImages + ofLabelled + ofPoints }

    /// The names of all metrics.
    public static var names: [String] {
        var seen: Set<String> = []
        return everywhere.flatMap { $0.names }.filter { seen.insert($0).inserted }
    }

    /// A one-line explanation of a metric.
    static func about(_ name: String, ofPoints: Bool = false) -> String {
        for metric in ofPoints ? Metrics.ofPoints : everywhere {
            for (known, about) in zip(metric.names, metric.about) where known == name {
                return about
            }
        }
        return ""
    }

    /// The metric with a value called `name`.
    public static func named(_ name: String) throws -> any Metric.Type {
        if let metric = everywhere.first(where: { $0.names.contains(name) }) { return metric }
        throw GanymedeError.unknownName(
            "there is no metric \"\(name)\"." + suggestion(for: name, among: names)
                + " Metrics: \(names.joined(separator: ", "))")
    }

    /// The values of one metric, by name. Throws if there are too few samples or invalid values, or if the metric is
    /// undefined.
    public static func figures(
        _ metric: any Metric.Type, _ input: MetricInput
    ) throws -> [(name: String, value: Double)] {
        guard input.generated.count >= metric.minimumSamples else {
            throw GanymedeError.tooFewSamples(
                "\(metric.names.joined(separator: ", ")) of \(grouped(input.generated.count)) samples would mean nothing: "
                    + "take \(grouped(metric.minimumSamples)) at least\(advice: " (\(option: "samples"))")"
            )
        }
        try input.check()
        let values = try metric.figures(input)
        for (name, value) in zip(metric.names, values) where !value.isFinite {
            throw GanymedeError.metricUndefined(
                "\(name) is \(value): the features are too large to be right")
        }
        return zip(metric.names, values).map { (name: $0, value: $1) }
    }
}

extension Registry {
    /// The metrics that were added to those of the library. They are computed for images.
    public var addedMetrics: [any Metric.Type] { added("metric") }

    /// This registry with one more metric. Stops the program if a name is taken.
    public func adding(_ metric: any Metric.Type) -> Registry {
        adding(
            metric, called: metric.names, to: "metric",
            among: Metrics.names + addedMetrics.flatMap { $0.names })
    }
}
