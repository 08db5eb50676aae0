import FoundationEssentials

/// Real samples that generated ones are compared with. Their features are computed once and used for every set of
/// generated samples.
public struct ReferenceSet: Sendable {
    /// Samples in each set, real and generated.
    public let samples: Int
    /// The random seed of the choice of real samples.
    public let seed: Int
    private let progress: @Sendable (String) -> Void
    private let extractor: FeatureExtractor
    private let addedMetrics: [any Metric.Type]
    /// Features of two disjoint random parts of the training split, and of a part of the test split, if there is one.
    private let training, control: Features
    private let test: Features?
    private let classShares: [Double]?
    private let trainingSet: ImageSet?
    private let known: RealFigures

    /// Draws `samples` samples for each set of real samples, and computes their features, which are cached in the user's folder
    /// of caches. Throws if there are too few,
    /// or if the extractor does not support them.
    ///
    /// - Parameters:
    ///   - training: the generator's training data.
    ///   - test: the test split, if there is one.
    ///   - extractor: what extracts features.
    ///   - samples: samples in a set.
    ///   - seed: random seed, not negative.
    ///   - registry: holds added metrics.
    ///   - progress: called with a description of the current work.
    public init(
        training: Dataset, test: Dataset?, extractor: FeatureExtractor, samples: Int, seed: Int = 0,
        registry: Registry = .standard,
        progress: @escaping @Sendable (_ doing: String) -> Void = { _ in }
    ) throws {
        try ReferenceSet.check(samples, training: training, test: test)
        func observe(_ dataset: Dataset, skipping: Int = 0) throws -> Features {
            progress("looking at \(dataset.name)")
            let order = dataset.shuffled(seed: seed)[skipping..<skipping + samples]
            return try extractor.observe(dataset.picking(Array(order)), cache: .standard)
        }
        self.samples = samples
        self.seed = seed
        self.extractor = extractor
        addedMetrics = registry.addedMetrics
        self.progress = progress
        self.training = try observe(training)
        control = try observe(training, skipping: samples)
        self.test = try test.map { try observe($0) }
        if case .images = extractor {
            classShares = extractor.classNames.flatMap { training.classShares(as: $0) }
            trainingSet = ImageSet(training)
        } else {
            classShares = training.classShares
            trainingSet = nil
        }
        if let cache = FeatureCache.standard, let evaluator = extractor.evaluator {
            known = cache.figures(of: [
                "\(samples) of \(extractor.extent), seed \(seed)", evaluator.digest,
                training.labelledDigest, test?.labelledDigest ?? "no test split",
            ])
        } else {
            known = RealFigures()
        }
    }

    /// The metrics that can be computed.
    public var metrics: [any Metric.Type] {
        extractor.metrics(hasTest: test != nil) + (extractor.extent == .point ? [] : addedMetrics)
    }

    /// The evaluator; nil for points.
    var evaluator: EvaluatorIdentity? { extractor.evaluator.map(EvaluatorIdentity.init) }

    /// The number of the evaluator's classes, or of Gaussians.
    var modeCount: Int { extractor.mixture?.centres.count ?? training.probabilities.columns }

    /// Notes on metrics that the data does not allow.
    var missing: [String] { missingForSplits + noteOnFewSamples }

    /// A warning where the sets are small.
    private var noteOnFewSamples: [String] {
        guard samples < FrechetDistance.advisedSamples, extractor.evaluator != nil else {
            return []
        }
        return [
            "sets of \(samples) are small: the figures are rough, and fid is too high whatever the samples. Compare them with "
                + "those of real samples beside them, and with others of \(samples) samples alone"
        ]
    }

    private var missingForSplits: [String] {
        let names =
            test != nil ? [] : extractor.metrics.filter { $0.comparesSplits }.flatMap { $0.names }
        return names.isEmpty
            ? []
            : ["left out: \(names.joined(separator: ", ")): there is no test split to compare with"]
    }

    /// Metrics that also need labelled samples.
    public var metricsOfLabelled: [any Metric.Type] {
        test == nil ? [] : extractor.metricsOfLabelled
    }

    /// The largest possible set size for these real samples.
    static func most(training: Dataset, test: Dataset?) -> Int {
        min(training.count / 2, test?.count ?? .max)
    }

    /// Throws unless there are enough real samples for sets of `samples`.
    static func check(
        _ samples: Int, advice: Message = "\(option: "samples") ", training: Dataset, test: Dataset?
    ) throws {
        let most = most(training: training, test: test)
        guard samples <= most else {
            throw GanymedeError.tooFewSamples(
                "\(training.name) has \(training.count) training samples"
                    + (test.map { " and \($0.count) test samples" } ?? "")
                    + ": enough to evaluate sets of \(most), and not of \(samples)\(advice: ". Use \(advice)\(most)")"
            )
        }
    }

    /// The features of generated samples.
    public func observe(_ samples: Dataset) throws -> Features {
        progress("looking at \(samples.name)")
        return try extractor.observe(samples)
    }

    /// A metric's values for generated samples.
    public func figures(_ metric: any Metric.Type, of generated: Features) throws -> [Double] {
        progress(metric.names[0])
        return try Metrics.figures(metric, input(generated)).map(\.value)
    }

    /// A metric's values with as many real samples in place of generated ones: from the test split if there is one,
    /// from the training split for metrics that compare the splits.
    public func realFigures(_ metric: any Metric.Type) throws -> [Double] {
        // The code of an added metric may change between two processes.
        let isOwn = !addedMetrics.contains { $0.names == metric.names }
        return try known.values("real \(metric.names[0])", isSaved: isOwn) {
            try figures(metric, of: metric.comparesSplits ? control : test ?? control)
        }
    }

    private func input(_ generated: Features) -> MetricInput {
        var input = MetricInput(
            generated: generated, training: training, test: test ?? control,
            classShares: classShares, mixture: extractor.mixture, seed: UInt64(seed))
        input.trainingSet = trainingSet
        input.known = known
        input.progress = progress
        return input
    }

    /// The predicted fraction of each class in sets of generated samples and in as many real ones; empty if there are
    /// no classes or too many.
    func classShares(of sets: [Features]) -> [ClassShare] {
        guard let names = extractor.classNames else { return [] }
        func shares(_ sets: [Features]) -> [Double] {
            let histograms = sets.map { ClassHistogram(mostLikely: $0.probabilities) }
            return names.indices.map { place in mean(histograms.map { $0.shares[place] }) }
        }
        return zip(names, zip(shares(sets), shares([test ?? control]))).map {
            ClassShare(name: $0, generated: $1.0, real: $1.1)
        }
    }
}

extension Dataset {
    /// The indices of all samples in random order.
    package func shuffled(seed: Int) -> [Int] {
        BatchLoader.permutation(count, seed: UInt64(seed), epoch: 0, stream: "judge").map(Int.init)
    }

    /// SHA-256 of samples, labels and the classes' names.
    fileprivate var labelledDigest: String {
        let labels = (labels ?? []).map(String.init).joined(separator: " ")
        return sha256(Data("\(digest)\n\(labels)\n\(classNames ?? [])".utf8))
    }

    /// The fraction of each class, if there are labels.
    var classShares: [Double]? {
        guard let labels, let most = labels.max() else { return nil }
        return Dataset.shares(of: labels, classes: max(classNames?.count ?? 0, most + 1))
    }

    /// The fraction of each class of `names`, matched as in ``labels(as:)``.
    func classShares(as names: [String]) -> [Double]? {
        labels(as: names).map { Dataset.shares(of: $0, classes: names.count) }
    }

    private static func shares(of labels: [Int], classes: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: classes)
        for label in labels { counts[label] += 1 }
        return counts.map { $0 / Double(labels.count) }
    }
}
