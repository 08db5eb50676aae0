/// The state of a run in progress: variables, programs, batches, folder.
final class TrainingSession {
    let options: RunOptions
    let dataset: Dataset
    let plan: Plan
    private(set) var directory = RunDirectory(path: "")
    private var lock: RunLock?
    let runner: StepRunner
    private var store: StateStore { runner.store }
    private let sampler: Sampler
    private let pictures: SamplePictures
    /// Evaluates the generator during training; nil if not requested.
    private(set) var evaluator: TrainingEvaluator?
    private var previousBest: Int?
    /// Measures the run's health; nil if it is not measured.
    private(set) lazy var health = HealthMonitor(
        options, dataset, test: evaluator?.test, store: store)

    /// Steps in an epoch of this run.
    var epochSteps: Int {
        options.training.epochSteps
            ?? max(dataset.count / options.training.batch / runner.step.batches, 1)
    }

    /// Compiles the programs of a run. Call on the engine's thread.
    ///
    /// - Parameter plan: of the run that is resumed; nil for a new one.
    init(
        _ options: RunOptions, _ dataset: Dataset, _ evaluator: TrainingEvaluator? = nil,
        plan: Plan? = nil
    ) throws {
        self.options = options
        self.evaluator = evaluator
        self.dataset = dataset
        let config = options.training
        try TrainingSession.checkLabels(options.gan, dataset)
        let loader = try BatchLoader(
            dataset, batch: config.batch, seed: UInt64(config.seed), pixels: options.gan.pixels)
        self.plan = try plan ?? Plan(options)
        let store = StateStore()
        runner = try StepRunner(
            StepGraph(options.gan, batch: config.batch), loader, store: store, seed: config.seed,
            precision: self.plan.precision, backend: config.backend)
        sampler = try Sampler(
            options.gan, store: store, classNames: options.classNames,
            classShares: dataset.classShares, backend: config.backend)
        pictures = try SamplePictures(options, dataset, sampler, store: store)
    }

    /// Throws if a conditional GAN cannot use the labels of the data.
    private static func checkLabels(_ gan: GAN, _ dataset: Dataset) throws {
        guard let classes = gan.classes else { return }
        guard let labels = dataset.labels else {
            throw GanymedeError.dataUnsuitable(
                "the networks are conditional on \(classes) classes, and \(quoted(dataset.name)) has no labels: give an IDX file of labels or a sub-folder for each class\(advice: ", or --no-labels with a preset")"
            )
        }
        if let bad = labels.first(where: { !(0..<classes).contains($0) }) {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(dataset.name)) has a label \(bad), and the networks are conditional on the classes 0 to \(classes - 1)"
            )
        }
    }

    /// Writes into `directory` from now on.
    func take(_ directory: RunDirectory, _ lock: RunLock) {
        (self.directory, self.lock) = (directory, lock)
    }

    /// Initializes all variables from the seed, and the networks' weights from a checkpoint if one is given.
    func initialize(from path: String?) throws {
        runner.initialize()
        guard let path else { return }
        let networks = options.gan.generator.variables + options.gan.discriminator.variables
        try Checkpoint(path).load(networks, into: store)
        runner.startAverages()
    }

    /// Tells the evaluator the best result before this session.
    func continueEvaluation(after step: Int) throws {
        let journal = try directory.journal()
        evaluator?.take(journal)
        if step > 0 {
            health?.take(try HealthRecord.read(directory.healthPath), journal, step: step)
            // What was measured after the checkpoint will be measured again, and a line may be cut short.
            if let health, Files.exists(directory.healthPath) {
                try HealthRecord.write(health.signals, to: directory.healthPath)
            }
        }
    }

    /// Adds the last measurement to the record of the run's health.
    func recordHealth() throws {
        guard let last = health?.signals.last else { return }
        try HealthRecord.append(last, to: directory.healthPath)
    }

    /// Adds metrics to the report of a step; nil if evaluation was not requested.
    ///
    /// - Returns: whether they are the best so far, and why some are missing.
    func evaluate(
        _ report: inout StepReport, progress: @escaping @Sendable (String) -> Void
    ) throws -> (isBest: Bool, missing: [String])? {
        previousBest = evaluator?.best?.step
        return try evaluator?.evaluate(&report, sampler, progress: progress)
    }

    func openJournal(after step: Int) throws -> Journal.Opened {
        try Journal.open(directory.journalPath, after: step)
    }

    /// Runs a step without checking its result; for benchmarks.
    func runUnchecked(step index: Int) {
        runner.fill(index)
        _ = runner.run()
    }

    /// Every kernel with its median times over `steps` steps.
    func kernelTimes(steps: Int) -> [Profile.Row] {
        var times: [[(whole: Double, reorders: Double)]] = []
        for index in 0..<steps {
            runner.fill(index)
            times.append(runner.program.runTimed(Machine.seconds))
        }
        let flops = runner.program.flops
        return runner.program.implementations.enumerated().map { kernel, names in
            func median(_ part: KeyPath<(whole: Double, reorders: Double), Double>) -> Double {
                let sorted = times.map { $0[kernel][keyPath: part] }.sorted()
                return sorted[sorted.count / 2] * 1000
            }
            return Profile.Row(
                node: names.node, implementation: names.implementation,
                milliseconds: median(\.whole), reorders: median(\.reorders),
                operations: flops[kernel])
        }
    }

    /// The report of the step that has just finished.
    ///
    /// - Parameter earlier: seconds of training before this loop began.
    func report(_ progress: TrainingLoop.Progress, earlier: Double) -> StepReport {
        let (step, reports) = (progress.step, runner.step.reports)
        var report = StepReport()
        report.step = step
        report.images = step * options.training.batch * runner.step.batches
        report.epoch = Double(step) / Double(epochSteps)
        report.seconds = earlier + progress.seconds
        report.imagesPerSecond = progress.imagesPerSecond
        report.dLoss = runner.value(reports.dLoss)
        report.gLoss = runner.value(reports.gLoss)
        report.dAccReal = runner.value(reports.dAccReal)
        report.dAccFake = runner.value(reports.dAccFake)
        report.gAcc = runner.value(reports.gAcc)
        for result in runner.step.results { report.others[result.name] = runner.value(result) }
        return report
    }

    /// Runs `body`, and adds the path of the last checkpoint to an error about NaN or infinity.
    func withLastCheckpoint<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch GanymedeError.nonFinite(let step, let tensor, _) {
            health?.noteNonFinite(step: step, tensor: tensor)
            try? recordHealth()
            throw GanymedeError.nonFinite(step: step, tensor: tensor, checkpoint: lastGood)
        }
    }

    /// The latest checkpoint of the run.
    private var lastGood: String? { try? RunDirectory.checkpoint(in: directory.path) }

    func saveRealSamples() throws {
        try directory.writeSample(pictures.real(dataset), name: "real")
    }

    /// - Returns: the file's path inside the run's folder.
    @discardableResult
    func saveSamples(step: Int) throws -> String {
        let name = RunDirectory.stepName(step)
        try directory.writeSample(pictures.generated(), name: name)
        return "samples/\(name).png"
    }

    func saveCheckpoint(step index: Int) throws {
        if let bad = store.firstNonFinite() {
            throw GanymedeError.nonFinite(step: index, tensor: bad, checkpoint: lastGood)
        }
        try Checkpoint.write(
            directory.checkpointPath(step: index), store: store, variables: runner.step.variables,
            step: index, options: options, plan: plan, dataDigest: dataset.digest)
        try directory.mark(.latest, step: index)
    }

    /// Points `checkpoints/best` to the checkpoint of `step`, and removes the previous best unless it is also a regular
    /// checkpoint.
    func markBest(step: Int) throws {
        try directory.mark(.best, step: step)
        if let previousBest, previousBest % options.training.checkpointEvery != 0 {
            try directory.removeCheckpoint(step: previousBest)
        }
    }
}
