/// Every metric.
public enum Metrics {
    /// The registry, in the order in which figures are shown.
    public static let all: [any Metric.Type] = [
        FrechetDistance.self, KernelDistance.self, Score.self, PrecisionRecall.self, Modes.self,
        ModeDivergence.self, Memorisation.self,
    ]

    /// The registry for whole images, which are compared themselves.
    public static let ofImages: [any Metric.Type] = [Copies.self]

    /// The registry for points of the plane, whose classes are not what an evaluator says. Without a Fréchet distance: it
    /// compares means and covariances, and those of a ring of Gaussians are a blob's, too.
    public static let ofPoints: [any Metric.Type] = [
        MixtureCoverage.self, PrecisionRecall.self, Memorisation.self,
    ]

    /// The registry for images whose classes are known.
    public static let ofLabelled: [any Metric.Type] = [GANTest.self, GANTrain.self]

    private static var everywhere: [any Metric.Type] { all + ofImages + ofLabelled + ofPoints }

    /// The names of all figures.
    public static var names: [String] {
        var seen: Set<String> = []
        return everywhere.flatMap { $0.names }.filter { seen.insert($0).inserted }
    }

    /// What a figure says, in a line.
    static func about(_ name: String, ofPoints: Bool = false) -> String {
        for metric in ofPoints ? Metrics.ofPoints : everywhere {
            for (known, about) in zip(metric.names, metric.about) where known == name {
                return about
            }
        }
        return ""
    }

    /// The metric that has a figure called `name`.
    public static func named(_ name: String) throws -> any Metric.Type {
        if let metric = everywhere.first(where: { $0.names.contains(name) }) { return metric }
        throw GanymedeError.unknownName(
            "there is no metric \"\(name)\"." + suggestion(for: name, among: names)
                + " Metrics: \(names.joined(separator: ", "))")
    }

    /// The figures of one metric, by name. Throws a world's error where the input has too few images or numbers that
    /// cannot be, or where a figure would mean nothing.
    public static func figures(
        _ metric: any Metric.Type, _ input: MetricInput
    ) throws -> [(name: String, value: Double)] {
        guard input.generated.count >= metric.minimumSamples else {
            throw GanymedeError.tooFewSamples(
                "\(metric.names.joined(separator: ", ")) of \(input.generated.count) samples would mean nothing: "
                    + "take \(metric.minimumSamples) at least\(advice: " (\(option: "samples"))")"
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
    /// The metrics that were added to those of the library. They are computed of images.
    public var addedMetrics: [any Metric.Type] { added("metric") }

    /// This registry with one more metric. Two with a figure of one name are a mistake in the program, and stop it.
    public func adding(_ metric: any Metric.Type) -> Registry {
        let known = Metrics.names + addedMetrics.flatMap { $0.names }
        if let name = metric.names.first(where: known.contains) {
            misuse("the registry has a metric \"\(name)\" already: take another name")
        }
        return adding(metric, called: metric.names[0], to: "metric")
    }
}
