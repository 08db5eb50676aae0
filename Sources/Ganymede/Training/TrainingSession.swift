/// The state of a run in progress: variables, programs, batches, folder.
final class TrainingSession {
    let options: RunOptions
    let dataset: Dataset
    let plan: Plan
    var directory = RunDirectory(path: "")
    var lock: RunLock?
    /// Nil until ``begin(after:rebuildingJournal:)``.
    var journal: Journal?
    let saving = SavingQueue()
    /// The best checkpoint before this session.
    var earlierBest: Checkpoint.Best?
    /// What a person did to the run, in order.
    var events: [RunEvent] = []
    /// The options of the next step: those of the run, as the events have changed them.
    var steered: RunOptions
    /// What the bits of the run depend on, part by part.
    var conditions: [Conditions] = []
    /// For the estimate of what is saved in a second.
    var (imagesPerSecond, checkpointBytes, pictureBytes) = (0.0, 0, 0)
    let runner: StepRunner
    var store: StateStore { runner.store }
    private let sampler: Sampler
    let pictures: SamplePictures
    /// The other ranks that train the run; nil if there are none.
    let communicator: (any Communicator)?
    /// Evaluates the generator during training; nil if not requested.
    var evaluator: TrainingEvaluator?
    /// Measures the run's health; nil if it is not measured.
    private(set) lazy var health = HealthMonitor(
        options, dataset, test: evaluator?.test, store: store)

    /// A look into the networks as they train.
    var inspector: Inspector { Inspector(options.gan, store: store, sampler: sampler) }

    /// Steps in an epoch of this run.
    var epochSteps: Int {
        options.training.epochSteps
            ?? max(dataset.count / options.training.batch / runner.step.batches, 1)
    }

    /// Compiles the programs of a run. Call on the engine's thread.
    ///
    /// - Parameters:
    ///   - plan: of the run that is resumed; nil for a new one.
    ///   - communicator: the other ranks that train the run; nil if there are none.
    init(
        _ options: RunOptions, _ dataset: Dataset, _ evaluator: TrainingEvaluator? = nil,
        plan: Plan? = nil, communicator: (any Communicator)? = nil
    ) throws {
        self.options = options
        steered = options
        self.evaluator = evaluator
        self.dataset = dataset
        self.communicator = communicator
        let config = options.training
        try TrainingSession.checkLabels(options.gan, dataset)
        let share = config.batch / (communicator?.count ?? 1)
        let first = (communicator?.rank ?? 0) * share
        let loader = try BatchLoader(
            dataset, batch: config.batch, rows: first..<first + share, seed: UInt64(config.seed),
            pixels: options.gan.pixels)
        self.plan = try plan ?? Plan(options)
        let store = StateStore()
        runner = try StepRunner(
            StepGraph(options.trainedGAN, batch: config.batch), loader, store: store,
            seed: config.seed,
            precision: self.plan.precision, backend: config.backend,
            communicator: communicator)
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
        try Checkpoint.using(path) { try $0.load(networks, into: store) }
        runner.startAverages()
    }

    /// Adds metrics to the report of a step; nil if evaluation was not requested.
    ///
    /// - Returns: whether they are the best so far, and why some are missing.
    func evaluate(
        _ report: inout StepReport, progress: @escaping @Sendable (String) -> Void
    ) throws -> (isBest: Bool, missing: [String])? {
        return try evaluator?.evaluate(&report, sampler, progress: progress)
    }

    /// Runs a step without checking its result; for benchmarks.
    func runUnchecked(step index: Int) {
        runner.fill(index)
        _ = runner.run()
    }

    /// Every kernel with its median times over `steps` steps, each of which `after` follows.
    func kernelTimes(steps: Int, after: () -> Void = {}) -> [Profile.Row] {
        var times: [[(whole: Double, reorders: Double)]] = []
        for index in 0..<steps {
            runner.fill(index)
            times.append(runner.program.runTimed(Machine.seconds))
            after()
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
        if let count = options.training.rollbacks { report.others["rollbacks"] = Double(count) }
        let events = events.at(step)
        report.events = events.isEmpty ? nil : events
        for result in runner.step.results { report.others[result.name] = runner.value(result) }
        return report
    }
}
