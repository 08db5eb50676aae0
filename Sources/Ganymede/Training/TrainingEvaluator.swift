/// Evaluates the generator during training, and knows which checkpoint is the best so far: see
/// ``StepReport/isBetter(than:)``.
struct TrainingEvaluator {
    /// What the best checkpoint's step reported.
    private(set) var best: StepReport?
    /// Nil before the first evaluation: the first step does not wait for the features of the real samples.
    private var reference: ReferenceSet?
    private var real: [String: Double] = [:]
    private let training: TrainingConfig
    private let dataset: Dataset
    private let test: Dataset?
    private let extractor: FeatureExtractor
    private let registry: Registry

    /// Loads the evaluator and the test split. Nil where the run asks for no evaluation. Throws where it cannot be
    /// evaluated as it asks to be.
    init?(_ options: RunOptions, _ dataset: Dataset, _ registry: Registry) throws {
        guard options.training.metricsEvery != nil else { return nil }
        training = options.training
        self.registry = registry
        self.dataset = dataset
        extractor = try FeatureExtractor(options.source, evaluator: options.evaluator)
        try extractor.check(options.gan.extent, of: "the run")
        let (samples, least) = (training.metricsSamples, FrechetDistance.minimumSamples)
        guard samples >= least else {
            throw GanymedeError.invalidOption(
                "metrics_samples is at least \(least), not \(samples): figures of fewer mean little"
            )
        }
        test = try options.source.test(options.gan.extent)
        let most = ReferenceSet.most(training: dataset, test: test)
        guard most >= least else {
            throw GanymedeError.tooFewSamples(
                "\(quoted(options.data)) has real samples for sets of \(most), and a run is evaluated with sets of \(least) or more as it "
                    + "goes\(advice: ": add \(option: "metrics_every") 0")")
        }
        try ReferenceSet.check(
            samples, advice: "\(option: "set") metrics_samples=", training: dataset, test: test)
    }

    /// Takes note of what earlier steps reported.
    mutating func take(_ journal: [StepReport]) {
        for report in journal { _ = keep(report) }
    }

    /// Whether the run asks for metrics after the step of `report`.
    func isDue(_ report: StepReport) -> Bool {
        guard let every = training.metricsEvery else { return false }
        return report.step % every == 0 || report.step == training.steps
    }

    /// Adds metrics to a report.
    ///
    /// - Parameter progress: told what is being done.
    /// - Returns: whether they are the best so far, and why some are missing: training goes on all the same.
    mutating func evaluate(
        _ report: inout StepReport, _ sampler: Sampler,
        progress: @escaping @Sendable (String) -> Void
    ) throws -> (isBest: Bool, missing: [String]) {
        let reference = try loadedReference(progress)
        var missing: [String] = []
        report.metrics = [:]
        do {
            // Always of the same seeds: the curve shows the generator's moves, not the noise's.
            let made = try sampler.samples(seeds: Array(0..<reference.samples))
            let seen = try reference.observe(made)
            report.metrics = try TrainingEvaluator.figures(reference.metrics, &missing) {
                try reference.figures($0, of: seen)
            }
        } catch let error as GanymedeError {
            missing.append("\(error)")
        }
        report.metricsReal = real
        return (keep(report), missing)
    }

    /// The reference set, whose features are computed when it is first asked for.
    private mutating func loadedReference(
        _ progress: @escaping @Sendable (String) -> Void
    ) throws -> ReferenceSet {
        if let reference { return reference }
        let new = try ReferenceSet(
            training: dataset, test: test, extractor: extractor, samples: training.metricsSamples,
            registry: registry, progress: progress)
        var missing: [String] = []
        real = try TrainingEvaluator.figures(new.metrics, &missing) { try new.realFigures($0) }
        reference = new
        return new
    }

    private mutating func keep(_ report: StepReport) -> Bool {
        guard report.isBetter(than: best) else { return false }
        best = report
        return true
    }

    /// All metrics by name. One that means nothing for these samples, such as those of a generator that always makes
    /// the same, is left out, and the reason kept.
    private static func figures(
        _ metrics: [any Metric.Type], _ missing: inout [String],
        _ compute: (any Metric.Type) throws -> [Double]
    ) throws -> [String: Double] {
        var found: [String: Double] = [:]
        for metric in metrics {
            do {
                for (name, figure) in zip(metric.names, try compute(metric)) {
                    found[name] = figure
                }
            } catch let error as GanymedeError {
                missing.append("\(error)")
            }
        }
        return found
    }
}

extension RunOptions {
    /// Steps between evaluations where nobody says how many: a fifth of the run. Nil where that is short beside the
    /// evaluation, or where nobody can judge; an evaluator that is given is meant to be used.
    public var defaultMetricsEvery: Int? {
        let fifth = training.steps / 5
        return fifth >= 200 && (evaluator != nil || canBeEvaluated) ? fifth : nil
    }

    /// Whether an evaluator is given, or comes with the data, that sees images like the run's.
    var canBeEvaluated: Bool {
        let extractor = try? FeatureExtractor(source, evaluator: evaluator)
        return extractor.map { $0.extent == SampleExtent(shape: gan.discriminator.input) } ?? false
    }
}
