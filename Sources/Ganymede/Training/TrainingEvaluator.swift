/// Judges the generator as training goes, and knows which checkpoint is the best so far: see
/// ``StepReport/isBetter(than:)``.
struct TrainingEvaluator {
    /// What the best checkpoint's step reported.
    private(set) var best: StepReport?
    /// Nil before the first evaluation: the first step does not wait for a look at the real samples.
    private var judge: ReferenceSet?
    private var real: [String: Double] = [:]
    private let options: RunOptions
    private let dataset: Dataset
    private let sampler: Sampler
    private let line: LoadingLine

    /// A judge of what `sampler` makes; nil where the run asks for none.
    ///
    /// - Parameters:
    ///   - journal: what the run told before it goes on.
    ///   - line: says what is being done.
    init?(
        _ options: RunOptions, _ dataset: Dataset, _ sampler: Sampler, journal: [StepReport],
        line: LoadingLine
    ) {
        guard options.training.metricsEvery != nil else { return nil }
        self.options = options
        self.dataset = dataset
        self.sampler = sampler
        self.line = line
        for report in journal { _ = keep(report) }
    }

    /// Throws unless a run could be judged as it asks to be: said before it starts.
    static func check(_ options: RunOptions, _ dataset: Dataset) throws {
        guard options.training.metricsEvery != nil else { return }
        let source = DataSource(options.data)
        let observer = try FeatureExtractor(source, evaluator: options.evaluator)
        try observer.check(options.gan.image, of: "the run")
        let (samples, least) = (options.training.metricsSamples, FrechetDistance.minimumSamples)
        guard samples >= least else {
            throw GanymedeError.usage(
                "metrics_samples is at least \(least), not \(samples): figures of fewer mean little"
            )
        }
        let test = try source.test(options.gan.image)
        let most = ReferenceSet.most(training: dataset, test: test)
        guard most >= least else {
            throw GanymedeError.world(
                "\(quoted(options.data)) has real samples for sets of \(most), and a run is judged by sets of \(least) or more as it "
                    + "goes: add --metrics-every 0")
        }
        try ReferenceSet.check(
            samples, option: "--set metrics_samples=", training: dataset, test: test)
    }

    /// Whether the run asks for figures after the step of `report`.
    func isDue(_ report: StepReport) -> Bool {
        let training = options.training
        guard let every = training.metricsEvery else { return false }
        return report.step % every == 0 || report.step == training.steps
    }

    /// Adds figures to the report of a step after which the run asks for them.
    ///
    /// - Returns: whether they are the best so far.
    mutating func judge(_ report: inout StepReport) throws -> Bool {
        guard isDue(report) else { return false }
        defer { line.finish() }
        let judge = try loadedReference()
        // Always of the same seeds: the curve shows the generator's moves, not the noise's.
        let made = try? sampler.samples(seeds: Array(0..<judge.samples))
        let figures = try made.map { made in
            let seen = try judge.observe(made)
            return TrainingEvaluator.figures(judge.metrics) { try judge.figures($0, of: seen) }
        }
        report.metrics = figures ?? [:]
        report.metricsReal = real
        return keep(report)
    }

    /// The judge, who looks at the real samples when first asked for.
    private mutating func loadedReference() throws -> ReferenceSet {
        if let judge { return judge }
        let source = DataSource(options.data)
        let new = try ReferenceSet(
            training: dataset, test: source.test(options.gan.image),
            observer: FeatureExtractor(source, evaluator: options.evaluator),
            samples: options.training.metricsSamples
        ) { [line] in line.show($0) }
        real = TrainingEvaluator.figures(new.metrics) { try new.realFigures($0) }
        judge = new
        return new
    }

    private mutating func keep(_ report: StepReport) -> Bool {
        guard report.isBetter(than: best) else { return false }
        best = report
        return true
    }

    /// All metrics by name. One that means nothing for these samples, such as those of a generator that makes the same
    /// of everything, is left out: training goes on.
    private static func figures(
        _ metrics: [any Metric.Type], _ compute: (any Metric.Type) throws -> [Double]
    ) -> [String: Double] {
        var found: [String: Double] = [:]
        for metric in metrics {
            guard let figures = try? compute(metric) else { continue }
            for (name, figure) in zip(metric.names, figures) { found[name] = figure }
        }
        return found
    }
}

extension RunOptions {
    /// Steps between evaluations where nobody says how many: a fifth of the run. Nil where that is short beside the
    /// evaluation, or where nobody can judge; an evaluator that is given is meant to be used.
    public var defaultMetricsEvery: Int? {
        let fifth = training.steps / 5
        return fifth >= 200 && (evaluator != nil || canBeJudged) ? fifth : nil
    }

    /// Whether an evaluator is given, or comes with the data, that sees images like the run's.
    var canBeJudged: Bool {
        let observer = try? FeatureExtractor(DataSource(data), evaluator: evaluator)
        return observer.map { ($0.image ?? Dataset.point) == gan.image } ?? false
    }
}
