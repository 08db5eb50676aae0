#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Trains a GAN: one visible loop of batch, step, journal, sample, checkpoint.
/// ```swift
/// let run = try Trainer(gan, data: .mnist, config: .init(batch: 128, steps: 6_400)).train(into: "runs/demo")
/// ```
public struct Trainer: Sendable {
    /// How a run ended.
    public struct Outcome: Sendable {
        /// Its folder.
        public let directory: RunDirectory
        /// Finished steps.
        public let step: Int
        /// Whether it was asked to stop before its last step.
        public let interrupted: Bool
        /// What the last step reported, if any was made.
        public let last: StepReport?
        /// The step of the best checkpoint, where the run was judged.
        public let best: Int?
        /// How often the program of a step ran: once a step.
        public let programRuns: Int

        /// Whether `ganymede evaluate` can say how good it is: there is an evaluator for its images.
        public var canBeJudged: Bool { (try? directory.options())?.canBeJudged ?? false }
    }

    private var options: RunOptions
    private var plan: Plan?
    /// Why there are fewer threads than were asked for; nil where there are not.
    private var fewerThreads: String?
    /// Whether to show progress on standard output.
    public var showsProgress = false
    /// Called when everything is loaded and compiled, just before the first file is written: from here on stopping means
    /// saving.
    public var willStart: @Sendable () -> Void = {}
    /// Asked between steps; true saves and stops.
    public var shouldStop: @Sendable () -> Bool = { false }

    /// A trainer of `gan`.
    public init(_ gan: GAN, data: DataSource, config: TrainingConfig) {
        options = RunOptions(data: data.name, gan: gan, training: config)
    }

    /// A trainer of fully resolved options.
    ///
    /// - Parameter plan: what is kept of a run with the same options; nil leaves what they leave open to the trainer.
    public init(_ options: RunOptions, plan: Plan? = nil) {
        self.options = options
        self.plan = plan
    }

    /// Does everything that ``train(into:)`` does before it makes its folder: loads the data, compiles the
    /// programs, reads the first weights, and looks whether the folder could be made.
    public func check(into path: String?) throws {
        var trainer = self
        _ = try trainer.prepare(into: path)
    }

    private mutating func prepare(into path: String?) throws -> TrainingSession {
        options = try options.validated()
        takeThreads()
        if let path { try RunDirectory.checkFree(path) }
        let dataset = try dataset()
        try TrainingEvaluator.check(options, dataset)
        return try EngineThread.run {
            try plan?.check()
            let session = try TrainingSession(options, dataset, plan: plan)
            try session.initialize(from: options.initFrom)
            return session
        }
    }

    /// Makes the team of threads before anything is compiled for it, and takes note of how large it really is.
    private mutating func takeThreads() {
        let wanted = options.training.threads
        EngineThread.threads = wanted
        options.training.threads = EngineThread.threads
        fewerThreads = ThreadLimit.reason(wanted: wanted, found: options.training.threads)
            .map { "\(wanted) asked for: \($0)" }
    }

    private func dataset() throws -> Dataset {
        let line = LoadingLine("reading pictures", isShown: showsProgress)
        return try DataSource(options.data).load(options.gan.image) { line.show($0, of: $1) }
    }

    /// Trains into a new folder; nil takes the next free `runs/NAME-001`.
    public func train(into path: String?) throws -> Outcome {
        var trainer = self
        let session = try trainer.prepare(into: path)
        willStart()
        let (directory, lock) = try RunDirectory.create(path, name: options.preset ?? "gan")
        session.take(directory, lock)
        return try EngineThread.run { try trainer.run(session, from: nil) }
    }

    /// Goes on with the run in `path`, to `steps` steps in total or to those it was started for: the same
    /// run, bit for bit, where threads, processor and libraries are the same. Returns at once where it is there already.
    public static func resume(
        _ path: String, steps: Int? = nil, threads: Int? = nil,
        configure: (inout Trainer) -> Void = { _ in }
    ) throws -> Outcome {
        let directory = try RunDirectory.open(path)
        let lock = try RunLock(directory)
        var options = try directory.options()
        let checkpoint = try Checkpoint(path)
        let changed = differences(
            try checkpoint.identity(completedBy: options), try options.identity()
        )
        // Another number of threads is another run in its last bits only.
        .filter { !$0.hasPrefix("threads:") }
        guard changed.isEmpty else {
            throw GanymedeError.world(
                "\(quoted(checkpoint.path)) belongs to other options than \(quoted(directory.configPath)) holds:\n  "
                    + changed.joined(separator: "\n  "))
        }
        options.training.steps = steps ?? options.training.steps
        options.training.threads = threads ?? options.training.threads
        var trainer = Trainer(try options.validated())
        configure(&trainer)
        trainer.takeThreads()
        if trainer.showsProgress, let note = checkpoint.madeElsewhere { print("note: \(note)") }
        if checkpoint.step >= options.training.steps {
            return Outcome(
                directory: directory, step: checkpoint.step, interrupted: false, last: nil,
                best: nil, programRuns: 0)
        }
        let dataset = try trainer.dataset()
        guard dataset.digest == checkpoint.dataDigest else {
            throw GanymedeError.world(
                "the images of \(quoted(options.data)) are not those that the run began with: put the old ones back"
            )
        }
        try TrainingEvaluator.check(trainer.options, dataset)
        return try EngineThread.run {
            try checkpoint.plan.check(
                advice: "The run computes in bf16 and cannot go on. A new run from its weights: "
                    + "ganymede train --init-from \(quoted(path)) --precision f32")
            let session = try TrainingSession(trainer.options, dataset, plan: checkpoint.plan)
            session.take(directory, lock)
            try checkpoint.load(session.step.variables, into: session.store)
            trainer.willStart()
            try directory.removeSamples(after: checkpoint.step)
            return try trainer.run(session, from: checkpoint)
        }
    }

    /// The loop.
    private func run(_ session: TrainingSession, from checkpoint: Checkpoint?) throws -> Outcome {
        let config = options.training
        var step = checkpoint?.step ?? 0
        let opened = try session.openJournal(after: step)
        let journal = opened.journal
        var seconds = opened.seconds
        if let damage = opened.damage { warn(damage) }
        try session.directory.writeConfig(
            options, plan: session.plan, dataDigest: session.dataset.digest)
        if checkpoint == nil {
            try session.saveRealSamples()
            try session.saveSamples(step: 0)
            try session.saveCheckpoint(step: 0)
        }
        var scores = try session.trainingEvaluator(
            under: LoadingLine("judging", isShown: showsProgress))
        var clock = RateClock(batch: config.batch)
        var progress = showsProgress ? ProgressLine(options) : nil
        progress?.begin(session, fewerThreads: fewerThreads)
        var sinceSample = MeanAccuracy()
        var report: StepReport?
        var interrupted = shouldStop()
        // Whatever ends the loop: how it came to that is what one wants to read.
        defer { try? journal.write() }
        while step < config.steps && !interrupted {
            let new = try session.advance(step: step)
            step += 1
            seconds += clock.tick()
            var full = session.complete(
                new, step: step, seconds: seconds, rate: clock.imagesPerSecond)
            let replaced = scores?.best?.step
            // An evaluation takes seconds, in which one wants to read what came before it.
            if scores?.isDue(full) ?? false { try journal.write() }
            let isBest = try scores?.judge(&full) ?? false
            try journal.append(full)
            sinceSample.add(full)
            report = full
            progress?.show(
                full, of: config.steps,
                secondsLeft: Double(config.steps - step) * clock.secondsPerStep)
            interrupted = shouldStop() && step < config.steps
            let last = step == config.steps || interrupted
            if last || step % config.sampleEvery == 0 || config.milestones.contains(step) {
                try journal.write()
                let sample = try session.saveSamples(step: step)
                if config.announceSamples { progress?.announce(full, sinceSample, sample) }
                sinceSample = MeanAccuracy()
            }
            if full.metrics != nil { progress?.announce(full, isBest: isBest) }
            if last || isBest || step % config.checkpointEvery == 0 {
                // On the disk first, so that the journal is never behind what a resume starts from.
                try journal.flush()
                try session.saveCheckpoint(step: step)
            }
            if isBest { try session.markBest(step: step, insteadOf: replaced) }
            clock.skipPause()
        }
        progress?.finish()
        if showsProgress, report?.metrics != nil,
            let found = BestAndLast(best: scores?.best, last: report)
        {
            print(
                "Of one set of \(grouped(config.metricsSamples)) samples:\n"
                    + aligned(found.rows))
        }
        try Report(session.directory, options).write()
        return Outcome(
            directory: session.directory, step: step, interrupted: interrupted, last: report,
            best: scores?.best?.step, programRuns: session.programRuns)
    }
}

/// Says on standard error what a person has to know, whatever is shown else.
private func warn(_ text: String) {
    let bytes = Array("note: \(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
