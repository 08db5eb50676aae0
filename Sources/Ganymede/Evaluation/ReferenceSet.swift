/// Judges sets of samples beside the real ones of a dataset. What the real ones look like to the extractor is found out
/// once, and serves every set that follows.
public struct ReferenceSet: Sendable {
    /// Samples in each set, real and generated.
    public let samples: Int
    /// What real samples were drawn with.
    public let seed: Int
    private let progress: @Sendable (String) -> Void
    private let extractor: FeatureExtractor
    private let addedMetrics: [any Metric.Type]
    /// Two random parts of the training split, and one of the test split, which may lack.
    private let training, control: Features
    private let test: Features?
    private let classShares: [Double]?
    private let trainingSet: ImageSet?

    /// Draws `samples` samples of each kind and looks at them.
    ///
    /// - Parameters:
    ///   - training: what the generator was trained on.
    ///   - test: samples of the same kind that no training saw, if there are any.
    ///   - registry: has metrics of your own.
    ///   - progress: told what is being done.
    /// Throws a world's error where there are too few real samples, or where they do not suit the extractor.
    public init(
        training: Dataset, test: Dataset?, extractor: FeatureExtractor, samples: Int, seed: Int = 0,
        registry: Registry = .standard,
        progress: @escaping @Sendable (_ doing: String) -> Void = { _ in }
    ) throws {
        try ReferenceSet.check(samples, training: training, test: test)
        func observe(_ dataset: Dataset, skipping: Int = 0) throws -> Features {
            progress("looking at \(dataset.name)")
            let order = dataset.shuffled(seed: seed)[skipping..<skipping + samples]
            return try extractor.observe(dataset.picking(Array(order)))
        }
        self.samples = samples
        self.seed = seed
        self.extractor = extractor
        addedMetrics = registry.addedMetrics
        self.progress = progress
        self.training = try observe(training)
        control = try observe(training, skipping: samples)
        self.test = try test.map { try observe($0) }
        if let names = extractor.classNames {
            classShares = training.classShares(as: names)
            trainingSet = ImageSet(training)
        } else {
            classShares = training.classShares
            trainingSet = nil
        }
    }

    /// The metrics that mean something for these samples.
    public var metrics: [any Metric.Type] {
        extractor.metrics(hasTest: test != nil) + (extractor.extent == .point ? [] : addedMetrics)
    }

    /// Which evaluator looks; nil where the samples are points.
    var evaluator: EvaluatorIdentity? { extractor.evaluator.map(EvaluatorIdentity.init) }

    /// Classes that the evaluator knows, or Gaussians.
    var modeCount: Int { extractor.mixture?.centres.count ?? training.probabilities.columns }

    /// Says which figures the data does not allow.
    var missing: [String] {
        let names =
            test != nil ? [] : extractor.metrics.filter { $0.comparesSplits }.flatMap { $0.names }
        return names.isEmpty
            ? []
            : ["left out: \(names.joined(separator: ", ")): there is no test split to compare with"]
    }

    /// Those that also need the samples' classes.
    public var metricsOfLabelled: [any Metric.Type] {
        test == nil ? [] : extractor.metricsOfLabelled
    }

    /// The largest sets that there are enough real samples for.
    static func most(training: Dataset, test: Dataset?) -> Int {
        min(training.count / 2, test?.count ?? .max)
    }

    /// Throws unless there are enough real samples for sets of `samples`, which `option` takes.
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

    /// What is seen in generated samples.
    public func observe(_ samples: Dataset) throws -> Features {
        progress("looking at \(samples.name)")
        return try extractor.observe(samples)
    }

    /// A metric's figures of generated samples.
    public func figures(_ metric: any Metric.Type, of generated: Features) throws -> [Double] {
        progress(metric.names[0])
        return try Metrics.figures(metric, input(generated)).map(\.value)
    }

    /// The same figures with real samples, as many, in place of generated ones: of the test split, where the metric
    /// does not compare the splits.
    public func realFigures(_ metric: any Metric.Type) throws -> [Double] {
        try figures(metric, of: metric.comparesSplits ? control : test ?? control)
    }

    private func input(_ generated: Features) -> MetricInput {
        var input = MetricInput(
            generated: generated, training: training, test: test ?? control,
            classShares: classShares, mixture: extractor.mixture, seed: UInt64(seed))
        input.trainingSet = trainingSet
        input.progress = progress
        return input
    }

    /// How often each class is seen in sets of generated samples, and in as many real ones; none where there are too
    /// many classes, or none.
    func classShares(of sets: [Features]) -> [ClassShare] {
        guard let names = extractor.classNames else { return [] }
        func shares(_ sets: [Features]) -> [Double] {
            let histograms = sets.map { ClassHistogram(mostLikely: $0.probabilities) }
            return names.indices.map { place in
                mean(histograms.map { Double($0.counts[place]) / Double($0.total) })
            }
        }
        return zip(names, zip(shares(sets), shares([test ?? control]))).map {
            ClassShare(name: $0, generated: $1.0, real: $1.1)
        }
    }
}

extension Dataset {
    /// The numbers of all samples in a random order.
    package func shuffled(seed: Int) -> [Int] {
        BatchLoader.permutation(count, seed: UInt64(seed), epoch: 0, stream: "judge").map(Int.init)
    }

    /// The share of each class, if classes are known.
    var classShares: [Double]? {
        guard let labels, let most = labels.max() else { return nil }
        return Dataset.shares(of: labels, classes: max(classNames?.count ?? 0, most + 1))
    }

    /// The share of each of `names`, as ``labels(as:)`` counts them.
    func classShares(as names: [String]) -> [Double]? {
        labels(as: names).map { Dataset.shares(of: $0, classes: names.count) }
    }

    private static func shares(of labels: [Int], classes: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: classes)
        for label in labels { counts[label] += 1 }
        return counts.map { $0 / Double(labels.count) }
    }
}
