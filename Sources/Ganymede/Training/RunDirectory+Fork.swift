import FoundationEssentials

extension RunDirectory {
    /// Makes a run that goes on from a checkpoint of this one: the same noise and batches, with one option of the GAN
    /// changed. It is trained by resuming it.
    ///
    /// - Parameters:
    ///   - step: a step of ``checkpointSteps()``.
    ///   - change: an option and its new value, as for `--set`; nil for the same options.
    ///   - steps: steps in total; nil for those of this run.
    ///   - path: the new folder; nil for the next free `runs/PRESET-001`.
    package func fork(
        at step: Int, changing change: (key: String, value: String)? = nil, steps: Int? = nil,
        into path: String? = nil, registry: Registry = .standard
    ) throws -> RunDirectory {
        guard try checkpoints.steps().contains(step) else {
            throw GanymedeError.notFound(
                "\(quoted(self.path)) has no checkpoint of step \(step): a run can be forked at \(try checkpoints.steps().map(String.init).joined(separator: ", "))"
            )
        }
        let checkpoint = try Checkpoint(checkpoints.file(step))
        try checkpoint.file.verify()
        let own = try options(registry)
        try checkpoint.checkIdentity(own, self, registry)
        // What was changed while this run trained is part of what goes on.
        var forked = try own.changed(
            by: checkpoint.events.filter { $0.step <= step }, registry: registry)
        if let change {
            forked = try forked.changed(change.key, to: change.value, registry: registry)
        }
        forked.fork = Fork(run: Files.absolute(self.path), step: step)
        forked.training.steps = max(steps ?? own.training.steps, step + 1)
        forked.training.rollbacks = checkpoint.rollbacks
        // The checkpoint that it begins with stays, so that it can be verified.
        if !forked.training.milestones.contains(step), forked.training.milestones.count < 12 {
            forked.training.milestones.append(step)
        }
        forked = try forked.validated(withData: false)
        let (run, lock) = try RunDirectory.create(path, name: own.preset ?? "gan") {
            try $0.writeConfig(forked, plan: checkpoint.plan, dataDigest: checkpoint.dataDigest)
        }
        try withExtendedLifetime(lock) { try run.take(checkpoint, forked, from: self) }
        return run
    }

    /// Copies what belongs to the steps up to a checkpoint, and the checkpoint with other options.
    private func take(
        _ checkpoint: Checkpoint, _ options: RunOptions, from source: RunDirectory
    ) throws {
        try makeFolders()
        let step = checkpoint.step
        let lines =
            Files.exists(source.journalPath)
            ? JournalLines(try Files.read(source.journalPath)).kept(upTo: step).text : Data()
        try Files.writeAtomically(journalPath, [lines])
        if Files.exists(source.healthPath) {
            try Files.writeAtomically(healthPath, [Files.read(source.healthPath)])
            try HealthRecord.cut(healthPath, after: step)
        }
        let kept = try source.sampleSteps().filter { $0 <= step }.map(RunDirectory.stepName)
        for name in kept + ["real"] where Files.exists(source.samplePath(name)) {
            try Files.writeAtomically(samplePath(name), [Files.read(source.samplePath(name))])
        }
        let store = StateStore()
        let variables = StepGraph(options.trainedGAN, batch: options.training.batch).variables
        try checkpoint.load(variables, into: store)
        let parts = try Checkpoint.encoded(
            store: store, variables: variables, step: step, options: options,
            plan: checkpoint.plan, dataDigest: checkpoint.dataDigest,
            conditions: checkpoint.conditions, best: nil,
            healthWeights: try checkpoint.healthWeights())
        try Files.writeAtomically(checkpoints.file(step), parts)
        try checkpoints.mark(.latest, step)
    }

    /// Makes a run with this one's networks on points that a person painted, which are kept in its folder. It is trained
    /// by resuming it.
    ///
    /// - Parameter points: coordinates [count, 2].
    package func repainted(
        _ points: [Float], steps: Int? = nil, registry: Registry = .standard
    ) throws -> RunDirectory {
        var options = try options(registry)
        guard options.gan.makesPoints else {
            throw GanymedeError.unsupported("points are painted for a system that makes points")
        }
        guard points.count % 2 == 0, (128...200_000).contains(points.count),
            points.allSatisfy({ abs($0) < 1e6 })
        else {
            throw GanymedeError.invalidOption(
                "64 to 100,000 points are painted, each with two numbers below a million")
        }
        options.training.steps = steps ?? options.training.steps
        // A batch holds different samples: few points are there several times.
        let copies = 1 + (2 * options.training.batch - 1) / points.count
        let points = Array(repeatElement(points, count: copies).joined())
        let name = options.preset ?? "gan"
        let plan = try Plan(file: configPath) ?? Plan(options)
        let dataset = Dataset(name: "painted", points: points, labels: nil)
        let (run, lock) = try RunDirectory.create(nil, name: name) { run in
            options.source = DataSource("\(run.path)/points.npy")
            options.training.metricsEvery = nil
            try run.writeConfig(options, plan: plan, dataDigest: dataset.digest)
        }
        try withExtendedLifetime(lock) {
            try PointFile(points: points).write("\(run.path)/points.npy", .npy)
        }
        return run
    }
}
