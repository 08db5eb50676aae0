/// Judges the generator as training goes, and knows which checkpoint is the best so far: the one with the lowest
/// Fréchet distance.
struct Scorekeeper {
    /// The step of the best checkpoint, with all its figures.
    private(set) var best: (step: Int, figures: [String: Double])?
    /// The figures of real samples in place of generated ones.
    let real: [String: Double]
    private let judge: Judge
    private let sampler: Sampler

    /// A judge of what `sampler` makes; nil where the run asks for none.
    ///
    /// - Parameter journal: what the run told before it goes on.
    init?(
        _ options: RunOptions, _ dataset: Dataset, _ sampler: Sampler, journal: [StepReport]
    ) throws {
        guard options.training.metricsEvery != nil else { return nil }
        let source = DataSource(options.data)
        let judge = try Judge(
            training: dataset, test: source.test(options.gan.image),
            observer: Observer(source, evaluator: options.evaluator),
            samples: options.training.metricsSamples)
        self.judge = judge
        self.sampler = sampler
        real = Scorekeeper.figures(judge.metrics) { try judge.realFigures($0) }
        for report in journal {
            if let figures = report.metrics { _ = keep(figures, step: report.step) }
        }
    }

    /// Throws unless a run could be judged as it asks to be: said before it starts.
    static func check(_ options: RunOptions, _ dataset: Dataset) throws {
        guard options.training.metricsEvery != nil else { return }
        let source = DataSource(options.data)
        let observer = try Observer(source, evaluator: options.evaluator)
        try observer.check(options.gan.image, of: "the run")
        let samples = options.training.metricsSamples
        guard samples >= FrechetDistance.minimumSamples else {
            throw GanymedeError.usage(
                "metrics_samples is at least \(FrechetDistance.minimumSamples), not \(samples): of fewer there is no fid"
            )
        }
        let test = try source.test(options.gan.image)
        do { try Judge.check(samples, training: dataset, test: test) } catch let error
            as GanymedeError
        {
            throw GanymedeError.world(
                error.description.replacing("--samples ", with: "--set metrics_samples="))
        }
    }

    /// Adds figures to the report of a step after which the run asks for them.
    ///
    /// - Returns: whether they are the best so far.
    mutating func judge(_ report: inout StepReport, of config: TrainingConfig) throws -> Bool {
        guard let every = config.metricsEvery,
            report.step % every == 0 || report.step == config.steps
        else { return false }
        // Always of the same seeds: the curve shows the generator's moves, not the noise's.
        let seen = try judge.observe(try sampler.samples(seeds: Array(0..<judge.samples)))
        let figures = Scorekeeper.figures(judge.metrics) { try judge.figures($0, of: seen) }
        report.metrics = figures
        return keep(figures, step: report.step)
    }

    private mutating func keep(_ figures: [String: Double], step: Int) -> Bool {
        guard let distance = figures["fid"] else { return false }
        if let known = best?.figures["fid"], known <= distance { return false }
        best = (step, figures)
        return true
    }

    /// The best checkpoint's figures beside the last one's and those of real samples.
    func summary(last: StepReport) -> String {
        let names = judge.metrics.flatMap { $0.names }.filter { real[$0] != nil }
        let columns = [
            ("best, step \(best?.step ?? last.step)", best?.figures ?? last.metrics ?? [:]),
            ("last, step \(last.step)", last.metrics ?? [:]), ("real", real),
        ]
        let head = [""] + columns.map(\.0)
        let rows = names.map { name in
            [name] + columns.map { $0.1[name].map(short) ?? "-" }
        }
        return "Of \(grouped(judge.samples)) samples:\n" + aligned([head] + rows)
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
