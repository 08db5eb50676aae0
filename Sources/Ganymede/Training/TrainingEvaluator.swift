/// Evaluates the generator during training, and tracks the best checkpoint so far: see ``StepReport/isBetter(than:)``.
struct TrainingEvaluator {
    /// The report of the best checkpoint's step.
    private(set) var best: StepReport?
    /// Nil before the first evaluation, so that training does not wait for the features of real samples.
    private var reference: ReferenceSet?
    private var real: [String: Double] = [:]
    /// Samples in an evaluation: as the options say, or as many as a small set of real samples allows.
    let samples: Int
    private let training: TrainingConfig
    private let dataset: Dataset
    /// The test split, if there is one.
    let test: Dataset?
    private let extractor: FeatureExtractor
    private let registry: Registry

    /// Loads the evaluator and the test split. Nil if no evaluation is requested. Throws if the requested evaluation is
    /// not possible.
    init?(_ options: RunOptions, _ dataset: Dataset, _ registry: Registry) throws {
        guard options.training.metricsEvery != nil else { return nil }
        training = options.training
        self.registry = registry
        self.dataset = dataset
        extractor = try FeatureExtractor(options.source, evaluator: options.evaluator)
        try extractor.check(options.gan.extent, of: "the run")
        test = try options.source.test(options.gan.extent)
        let most = ReferenceSet.most(training: dataset, test: test)
        let least = TrainingEvaluator.leastSamples(extractor)
        samples =
            least <= most && most < FrechetDistance.advisedSamples
            ? min(training.metricsSamples, most) : training.metricsSamples
        guard samples >= least else {
            throw GanymedeError.invalidOption(
                "metrics_samples is at least \(least), not \(samples): figures of fewer mean little"
            )
        }
        guard most >= least else {
            throw GanymedeError.tooFewSamples(
                "\(quoted(options.data)) has real samples for sets of \(most), and a run is evaluated with sets of \(least) or more as it "
                    + "goes\(advice: ": add \(option: "metrics_every") 0")")
        }
        try ReferenceSet.check(
            samples, advice: "\(option: "set") metrics_samples=", training: dataset, test: test)
    }

    /// The fewest samples that a run is evaluated with.
    fileprivate static func leastSamples(_ extractor: FeatureExtractor) -> Int {
        max(FrechetDistance.minimumSamples, (extractor.evaluator?.featureCount ?? 0) + 2)
    }

    /// Finds the best of earlier reports. That of the checkpoint, which does not say the time, is for a journal that
    /// was lost.
    mutating func take(_ journal: [StepReport], best earlier: Checkpoint.Best?) {
        best = nil
        for report in journal { _ = keep(report) }
        guard let earlier, best?.step != earlier.step else { return }
        best = StepReport(step: earlier.step)
        best?.metrics = earlier.metrics
        best?.metricsReal = earlier.real
    }

    /// Whether an evaluation is due after the step of `report`.
    func isDue(_ report: StepReport) -> Bool {
        guard let every = training.metricsEvery else { return false }
        return report.step % every == 0 || report.step == training.steps
    }

    /// Adds metrics to a report.
    ///
    /// - Parameter progress: called with a description of the current work.
    /// - Returns: whether they are the best so far, and why some are missing, which does not stop training.
    mutating func evaluate(
        _ report: inout StepReport, _ sampler: Sampler,
        progress: @escaping @Sendable (String) -> Void
    ) throws -> (isBest: Bool, missing: [String]) {
        let reference = try loadedReference(progress)
        var missing: [String] = []
        report.metrics = [:]
        do {
            // Always the same seeds, so that changes of metrics come from the generator and not from the noise.
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

    /// The reference set, made on first use.
    private mutating func loadedReference(
        _ progress: @escaping @Sendable (String) -> Void
    ) throws -> ReferenceSet {
        if let reference { return reference }
        let new = try ReferenceSet(
            training: dataset, test: test, extractor: extractor, samples: samples,
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

    /// All metrics by name. One that is undefined, such as for a generator with constant output, is left out, and the
    /// reason is recorded.
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
    /// The default number of steps between evaluations: a part of the run for every 1,000 steps, but no more than four, so
    /// that they take at most 3 % of a preset's run. Nil for a shorter run, or if there is no evaluator. If one is given, it is
    /// used even if it does not fit, which is an error.
    public var defaultMetricsEvery: Int? {
        let parts = min(training.steps / 1000, 4)
        guard parts > 0, evaluator != nil || canBeEvaluated else { return nil }
        return (training.steps + parts - 1) / parts
    }

    /// Whether an evaluator, given or shipped with the data, supports samples like the run's, and a part of a dataset
    /// holds enough of them.
    var canBeEvaluated: Bool {
        guard let extractor = try? FeatureExtractor(source, evaluator: evaluator) else {
            return false
        }
        let count = source.known?.count ?? .max
        return extractor.extent == SampleExtent(shape: gan.generator.output)
            && count / 2 >= TrainingEvaluator.leastSamples(extractor)
    }
}
