/// How a run is resumed.
public struct ResumeOptions: Sendable {
    /// Steps in total; nil for those that the run was started for.
    public var steps: Int?
    /// CPU threads; nil for as many as before.
    public var threads: Int?
    /// Where the data is now; nil for where it was. It must be the same data.
    public var source: DataSource?
    /// The samples, if the run was started with samples in memory.
    public var data: Dataset?
    /// Whether to take the newest good checkpoint if the latest is damaged, and its options if `config.json` is.
    public var fallsBack = false
    /// Whether to go on if the journal is damaged or missing, without what cannot be read.
    public var rebuildsJournal = false
    /// What happens when a step makes NaN or infinity; nil for what happened before.
    public var onNan: NonFiniteResponse?
    /// The newest checkpoints that are kept; nil for as many as before.
    public var keep: Int?
    /// The other ranks that train the run, as many as there are now; nil if there are none.
    package var communicator: (any Communicator)?

    /// The same run, to the end that it was started for.
    public init(steps: Int? = nil, threads: Int? = nil, data: Dataset? = nil) {
        (self.steps, self.threads, self.data) = (steps, threads, data)
    }

    fileprivate func apply(to options: inout RunOptions) {
        options.training.steps = steps ?? options.training.steps
        options.training.threads = threads ?? options.training.threads
        options.source = source ?? options.source
        options.training.onNan = onNan ?? options.training.onNan
        options.training.keep = keep ?? options.training.keep
    }
}

extension Trainer {
    /// Resumes the run in `path`, until `steps` steps in total, by default the number it was started with. The results
    /// are bit-identical to an uninterrupted run if threads, processor and libraries are the same. Returns at once if
    /// the run has that many steps.
    ///
    /// - Parameters:
    ///   - path: the run's folder.
    ///   - steps: steps in total; nil for those that the run was started for.
    ///   - threads: CPU threads; nil for as many as before.
    ///   - data: the samples, if the run was started with samples in memory.
    ///   - registry: holds the kinds that the run was started with.
    ///   - configure: sets the trainer's callbacks.
    @discardableResult
    public static func resume(
        _ path: String, steps: Int? = nil, threads: Int? = nil, data: Dataset? = nil,
        registry: Registry = .standard, configure: (inout Trainer) -> Void = { _ in }
    ) throws -> Outcome {
        try resume(
            path, ResumeOptions(steps: steps, threads: threads, data: data), registry: registry,
            configure: configure)
    }

    /// The same, with every choice. A run that was stopped before its first checkpoint begins again at step 0. Whatever a
    /// crash left is put in order: temporary files, marks, journal, pictures, report.
    @discardableResult
    public static func resume(
        _ path: String, _ how: ResumeOptions, registry: Registry = .standard,
        configure: (inout Trainer) -> Void = { _ in }
    ) throws -> Outcome {
        if let communicator = how.communicator, communicator.rank > 0 {
            return try followResumed(communicator, how, registry: registry, configure: configure)
        }
        let directory = try RunDirectory.open(path, needsConfig: false)
        let lock = try RunLock(directory)
        let checkpoint = try directory.checkpointToResume(fallingBack: how.fallsBack)
        var options = try directory.optionsToResume(
            checkpoint, fallingBack: how.fallsBack, registry)
        options.training.rollbacks = checkpoint?.rollbacks
        how.apply(to: &options)
        var trainer = Trainer(try options.validated(withData: how.data == nil), registry: registry)
        trainer.dataset = how.data
        trainer.rebuildsJournal = how.rebuildsJournal
        configure(&trainer)
        trainer.communicator = how.communicator
        try trainer.checkRanks()
        trainer.takeThreads()
        let plan = try checkpoint?.plan ?? Plan(file: directory.configPath)
        let digest = try checkpoint?.dataDigest ?? directory.dataDigest()
        _ = try how.communicator?.shared(
            ResumedState(
                options: .object(trainer.options.recorded()), plan: plan,
                step: checkpoint?.step ?? 0, dataDigest: digest))
        for note in checkpoint?.notes(
            threads: trainer.options.training.threads, communicator: how.communicator) ?? []
        {
            trainer.onEvent(.note(note))
        }
        if let checkpoint, checkpoint.step >= options.training.steps {
            return try withExtendedLifetime(lock) { try trainer.finished(directory, checkpoint) }
        }
        let dataset = try trainer.loadDataset()
        guard dataset.digest == digest else {
            throw GanymedeError.mismatch(
                "the images of \(quoted(options.data)) are not those that the run began with: put the old ones back\(advice: ", or say where they are with --data")"
            )
        }
        let evaluator = try TrainingEvaluator(trainer.options, dataset, registry)
        return try EngineThread.run {
            trainer.plan = plan
            let plan = try trainer.agreedPlan()
            try plan?.check(
                options.training.backend,
                advice:
                    "The run computes in bf16 and cannot go on here\(advice: ". A new run from its weights: ganymede train --init-from \(quoted(path)) --precision f32")"
            )
            try trainer.compareRanks(dataset)
            let session = try TrainingSession(
                trainer.options, dataset, evaluator, plan: plan,
                communicator: trainer.communicator)
            session.take(directory, lock)
            if let checkpoint {
                try checkpoint.load(session.runner.step.variables, into: session.runner.store)
            } else {
                try session.initialize(from: options.initFrom)
            }
            trainer.willStart()
            return try trainer.runOn(session, from: checkpoint)
        }
    }

    /// Puts the files of a run in order that has no steps left.
    private func finished(
        _ directory: RunDirectory, _ checkpoint: Checkpoint
    ) throws -> Outcome {
        let opened = try directory.reconcile(
            checkpoint, options, rebuildingJournal: rebuildsJournal)
        if let damage = opened.damage { onEvent(.note(damage)) }
        if !Files.exists(directory.configPath) {
            try directory.writeConfig(
                options, plan: checkpoint.plan, dataDigest: checkpoint.dataDigest)
        }
        try Report(directory, options).write()
        return Outcome(
            directory: directory, step: checkpoint.step, interrupted: false, last: nil,
            best: nil, programRuns: 0, options: options)
    }
}

extension RunDirectory {
    /// The checkpoint that a run resumes from, all of which has been checked; nil if the run was stopped before its first.
    fileprivate func checkpointToResume(fallingBack: Bool) throws -> Checkpoint? {
        if try isBeforeFirstCheckpoint(), (try? checkpoints.marked(.latest)) == nil { return nil }
        guard try !checkpoints.steps().isEmpty else {
            throw GanymedeError.notFound(
                "the checkpoints of \(quoted(path)) are gone, though the run has a history: put them back\(advice: ", or begin a new run with the same options: ganymede train --config \(quoted(configPath))")"
            )
        }
        if fallingBack {
            guard let good = checkpoints.newestGood() else {
                throw GanymedeError.fileMalformed(
                    "no checkpoint of \(quoted(path)) is whole\(advice: ". A new run with the same options: ganymede train --config \(quoted(configPath))")"
                )
            }
            return good
        }
        return try Checkpoint.using(path) { checkpoint in
            try checkpoint.file.verify()
            return checkpoint
        }
    }
    /// The options in `config.json`. If they are damaged, or are not those of `checkpoint`, then those that the checkpoint
    /// holds if `fallingBack`, else an error that offers them. The file as it was is kept.
    fileprivate func optionsToResume(
        _ checkpoint: Checkpoint?, fallingBack: Bool, _ registry: Registry
    ) throws -> RunOptions {
        do {
            let found = try options(registry)
            try checkpoint?.checkIdentity(found, self, registry)
            return found
        } catch let error as GanymedeError {
            guard let checkpoint, let kept = try? checkpoint.options(registry) else { throw error }
            guard fallingBack else {
                throw error.adding(
                    "\nThe options that the run was trained with are in \(quoted(checkpoint.path))\(advice: ": to go on with them: ganymede resume \(quoted(path)) --fall-back")"
                )
            }
            if Files.exists(configPath) {
                try Files.move(configPath, to: Files.freeName(configPath + ".damaged"))
            }
            return kept
        }
    }
}
