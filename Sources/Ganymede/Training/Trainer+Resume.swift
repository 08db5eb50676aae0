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
        let directory = try RunDirectory.open(path)
        let lock = try RunLock(directory)
        var options = try directory.options(registry)
        let checkpoint = try Checkpoint(path)
        try checkpoint.checkIdentity(options, directory, registry)
        options.training.steps = steps ?? options.training.steps
        options.training.threads = threads ?? options.training.threads
        var trainer = Trainer(try options.validated(withData: data == nil), registry: registry)
        trainer.dataset = data
        configure(&trainer)
        trainer.takeThreads()
        if let note = checkpoint.madeElsewhere { trainer.onEvent(.note(note)) }
        if checkpoint.step >= options.training.steps {
            return Outcome(
                directory: directory, step: checkpoint.step, interrupted: false, last: nil,
                best: nil, programRuns: 0, options: options)
        }
        let dataset = try trainer.loadDataset()
        guard dataset.digest == checkpoint.dataDigest else {
            throw GanymedeError.mismatch(
                "the images of \(quoted(options.data)) are not those that the run began with: put the old ones back"
            )
        }
        let evaluator = try TrainingEvaluator(trainer.options, dataset, registry)
        return try EngineThread.run {
            try checkpoint.plan.check(
                options.training.backend,
                advice:
                    "The run computes in bf16 and cannot go on here\(advice: ". A new run from its weights: ganymede train --init-from \(quoted(path)) --precision f32")"
            )
            let session = try TrainingSession(
                trainer.options, dataset, evaluator, plan: checkpoint.plan)
            session.take(directory, lock)
            try checkpoint.load(session.runner.step.variables, into: session.runner.store)
            trainer.willStart()
            try directory.removeSamples(after: checkpoint.step)
            return try trainer.run(session, from: checkpoint)
        }
    }
}
