/// Trains a GAN into a run directory.
/// ```swift
/// let trainer = Trainer(gan, data: .mnist, config: .init(batch: 128, steps: 6_400))
/// let outcome = try trainer.train(into: "runs/demo")
/// ```
/// It prints nothing: set ``onEvent`` or read ``events(into:)``. If its task is cancelled, the run stops after the
/// current step and is saved.
public struct Trainer: Sendable {
    /// The result of a run.
    public struct Outcome: Sendable {
        /// The run's folder.
        public let directory: RunDirectory
        /// Finished steps.
        public let step: Int
        /// Whether it was stopped before its last step.
        public let interrupted: Bool
        /// The report of the last step, if there was one.
        public let last: StepReport?
        /// The report of the best checkpoint's step, if the run was evaluated.
        public let best: StepReport?
        /// How often the step's program ran: once a step.
        public let programRuns: Int
        /// All of its options.
        public let options: RunOptions

        /// Whether there is an evaluator for its images.
        public var canBeEvaluated: Bool {
            options.training.metricsEvery != nil || options.canBeEvaluated
        }
    }

    var options: RunOptions
    var plan: Plan?
    /// Data in memory; nil to load the source of the options.
    var dataset: Dataset?
    var fewerThreads: String?
    /// Seconds of training for which the number of steps is chosen, from the speed of the first steps on this machine;
    /// nil for the options' steps. Every schedule and interval ends at the same share of the run.
    public var duration: Double?
    /// Keys of intervals, such as `sample_every`, that stay as they are when the number of steps is chosen.
    public var keptIntervals: Set<String> = []
    let registry: Registry
    /// The other ranks that train the same run, each with its share of every batch; nil if there are none.
    package var communicator: (any Communicator)?
    /// Whether the folder may hold a run that was stopped before its first checkpoint, which is removed.
    public var overwrites = false
    /// Whether a journal that is damaged or missing is left behind when the run is resumed.
    var rebuildsJournal = false

    /// Called with each event, on the training thread.
    public var onEvent: @Sendable (TrainingEvent) -> Void = { _ in }
    /// Called when everything is loaded and compiled, just before the first file is written. After it, a run that stops
    /// is saved.
    public var willStart: @Sendable () -> Void = {}
    /// Steers the run while it trains; nil if nobody does.
    public var control: RunControl?
    /// Called between steps; returns true to save and stop.
    public var shouldStop: @Sendable () -> Bool = { false }

    /// A trainer of `gan` on a known dataset, a folder or a file.
    public init(
        _ gan: GAN, data: DataSource, config: TrainingConfig, registry: Registry = .standard
    ) {
        self.init(
            RunOptions(data: data.name, gan: gan, training: config), registry: registry)
        options.source = data
    }

    /// A trainer of `gan` on samples in memory. They must be given again to resume the run.
    public init(
        _ gan: GAN, data: Dataset, config: TrainingConfig, registry: Registry = .standard
    ) {
        self.init(
            RunOptions(data: data.name, gan: gan, training: config), registry: registry)
        dataset = data
    }

    /// A trainer of fully resolved options.
    ///
    /// - Parameters:
    ///   - options: what to train, on what, and for how long.
    ///   - plan: the plan of an earlier run, to compute in the same way; nil makes a new one from the options.
    ///   - registry: holds kinds, datasets and metrics of your own.
    public init(_ options: RunOptions, plan: Plan? = nil, registry: Registry = .standard) {
        self.options = options
        self.plan = plan
        self.registry = registry
    }

    /// Does all that ``train(into:)`` does before it makes its folder: loads the data, compiles the programs,
    /// initializes the weights, and checks that the folder can be made.
    ///
    /// - Returns: the options of the run, with the number of steps that its duration allows.
    @discardableResult
    public func check(into path: String?) throws -> RunOptions {
        var trainer = self
        _ = try trainer.prepare(into: path)
        return trainer.options
    }

    /// Trains into a new folder; nil takes the next free `runs/NAME-001`.
    @discardableResult
    public func train(into path: String? = nil) throws -> Outcome {
        var trainer = self
        let session = try trainer.prepare(into: path)
        willStart()
        if !isFirstRank { return try EngineThread.run { try trainer.follow(session, after: 0) } }
        let (directory, lock) = try RunDirectory.create(
            path, name: options.preset ?? "gan", overwriting: overwrites
        ) {
            try $0.writeConfig(
                session.options, plan: session.plan, dataDigest: session.dataset.digest)
        }
        session.take(directory, lock)
        return try EngineThread.run { try trainer.runOn(session, from: nil) }
    }

    private mutating func prepare(into path: String?) throws -> TrainingSession {
        // A new run has not gone back, whatever the run did whose options these are.
        options.training.rollbacks = nil
        // It is read once more if the run is resumed before its first checkpoint: from the same file.
        let start = options.initFrom
        options.initFrom = try options.initFrom.map {
            Files.absolute(try RunDirectory.checkpoint(in: $0))
        }
        options = try options.validated(withData: dataset == nil)
        takeThreads()
        try checkRanks()
        if let path, isFirstRank { try RunDirectory.checkFree(path, overwriting: overwrites) }
        let dataset = try loadDataset()
        if let count = options.gan.classes, options.classNames == nil,
            dataset.classNames?.count == count
        {
            options.classNames = dataset.classNames
        }
        try EngineThread.run {
            plan = try agreedPlan()
            try plan?.check(options.training.backend)
            try fitDuration(dataset)
        }
        try compareRanks(dataset)
        let evaluator = try isFirstRank ? TrainingEvaluator(options, dataset, registry) : nil
        options.training.metricsSamples = evaluator?.samples ?? options.training.metricsSamples
        return try EngineThread.run {
            let session = try TrainingSession(
                options, dataset, evaluator, plan: plan, communicator: communicator)
            try session.initialize(from: start)
            return session
        }
    }

    /// Starts the engine's threads before anything is compiled for them, and records their actual number.
    mutating func takeThreads() {
        (options.training.threads, fewerThreads) = EngineThread.start(
            threads: options.training.threads)
    }

    func loadDataset() throws -> Dataset {
        if let dataset {
            if dataset.extent == options.gan.extent { return dataset }
            throw GanymedeError.invalidOption(
                "\(dataset.name) holds \(dataset.extent), and the networks make \(options.gan.extent)"
            )
        }
        return try options.source.load(options.gan.extent) { done, total in
            onEvent(.loading(done: done, of: total))
        }
    }

    var isAskedToStop: Bool { shouldStop() || Task.isCancelled }

    /// Runs the steps, and after each writes the journal, samples, metrics and checkpoints that are due.
    func run(_ session: TrainingSession, from checkpoint: Checkpoint?) throws -> Outcome {
        let (config, start) = (options.training, checkpoint?.step ?? 0)
        let earlier = try session.begin(after: checkpoint, rebuildingJournal: rebuildsJournal) {
            onEvent(.note($0))
        }
        control?.begin(session.steered, session.inspector, session.dataset)
        defer { control?.end() }
        onEvent(
            .started(
                TrainingStart(
                    options: options, epochSteps: session.epochSteps, fewerThreads: fewerThreads,
                    precision: session.plan.precision, directory: session.directory,
                    ranks: communicator?.count ?? 1, library: communicator?.library)))
        if let note = options.noteOnHorizon(from: start) { onEvent(.note(note)) }
        var sinceSample = MeanAccuracy()
        var last: StepReport?
        var interrupted = isAskedToStop
        // Write the journal however the loop ends; an error of the loop takes precedence.
        defer { try? session.journal?.write() }
        communicator.map(session.share)
        let stops = interrupted
        interrupted = communicator?.decision(stops) ?? stops
        let loop = TrainingLoop(session.runner, steps: interrupted ? start : config.steps)
        let step = try session.withLastCheckpoint {
            try loop.run(after: start) { index in
                if try obey(session, before: index) { return true }
                interrupted = true
                return false
            } report: { progress in
                var report = session.report(progress, earlier: earlier)
                let evaluated = try evaluate(&report, session)
                let isBest = evaluated?.isBest ?? false
                if let verdicts = try session.health?.add(report) {
                    try session.recordHealth()
                    for verdict in verdicts { onEvent(.ailing(verdict)) }
                }
                report.ailments = session.health?.ailments ?? []
                try session.record(report)
                sinceSample.add(report)
                last = report
                let stepsLeft = Double(config.steps - report.step)
                onEvent(.step(report, secondsLeft: stepsLeft * progress.secondsPerStep))
                interrupted = isAskedToStop && report.step < config.steps
                let isLast = report.step == config.steps || interrupted
                if isLast || config.isSampled(report.step) {
                    try session.saveSamples(step: report.step) { [sinceSample, report] path in
                        onEvent(.sampled(report, path: path, sinceSample))
                    }
                    sinceSample = MeanAccuracy()
                }
                if let evaluated {
                    onEvent(
                        .evaluated(report, isBest: isBest, missing: evaluated.missing))
                }
                if isLast || isBest || config.isSaved(report.step) {
                    try session.saveCheckpoint(step: report.step) { [report] in
                        onEvent(.saved(step: report.step))
                    }
                }
                return communicator?.decision(!isLast) ?? !isLast
            }
        }
        try session.compareStates()
        try session.saving.finish()
        try Report(session.directory, options).write()
        return Outcome(
            directory: session.directory, step: step, interrupted: interrupted, last: last,
            best: session.evaluator?.best, programRuns: session.runner.runCount,
            options: options)
    }

    /// Evaluates the generator if that is due; nil if not.
    private func evaluate(
        _ report: inout StepReport, _ session: TrainingSession
    ) throws -> (isBest: Bool, missing: [String])? {
        guard session.evaluator?.isDue(report) ?? false else { return nil }
        // An evaluation takes seconds; make the steps before it readable meanwhile.
        try session.writeJournal()
        return try session.evaluate(&report) { onEvent(.evaluating($0)) }
    }
}
