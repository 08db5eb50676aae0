extension Trainer {
    /// Runs the steps. After NaN or infinity, if the options say so, goes back to the last checkpoint and on with half the
    /// learning rates.
    mutating func runOn(
        _ session: TrainingSession, from checkpoint: Checkpoint?
    ) throws -> Outcome {
        var (session, checkpoint) = (session, checkpoint)
        while true {
            do { return try run(session, from: checkpoint) } catch GanymedeError.nonFinite(
                let step, let tensor, let path)
            {
                let count = (options.training.rollbacks ?? 0) + 1
                guard options.training.onNan == .rollback, communicator == nil,
                    count <= RunOptions.mostRollbacks,
                    let good = session.directory.checkpoints.newestGood()
                else { throw GanymedeError.nonFinite(step: step, tensor: tensor, checkpoint: path) }
                options.training.rollbacks = count
                onEvent(
                    .note(
                        "step \(grouped(step)): NaN or infinity in \(tensor). Going back to step \(grouped(good.step)), with half the learning rates (\(count) of \(RunOptions.mostRollbacks) times)"
                    ))
                session = try session.following(options)
                try good.load(session.runner.step.variables, into: session.runner.store)
                checkpoint = good
            }
        }
    }
}

extension TrainingSession {
    /// A session with other options that goes on in the same folder.
    fileprivate func following(_ options: RunOptions) throws -> TrainingSession {
        let next = try TrainingSession(options, dataset, evaluator, plan: plan)
        next.directory = directory
        next.lock = lock
        return next
    }
}

extension RunOptions {
    /// How often a run goes back after NaN or infinity, before it stops.
    static let mostRollbacks = 3

    /// The system as it is trained: each time that the run went back has halved the learning rates.
    var trainedGAN: GAN {
        guard let count = training.rollbacks else { return gan }
        var trained = gan
        for _ in 0..<min(max(count, 0), RunOptions.mostRollbacks) {
            trained.generatorOptimizer.learningRate = trained.generatorOptimizer.learningRate.halved
            trained.discriminatorOptimizer.learningRate =
                trained.discriminatorOptimizer.learningRate.halved
        }
        return trained
    }
}
