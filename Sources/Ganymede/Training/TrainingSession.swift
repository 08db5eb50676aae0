/// What a run holds while it goes: state, programs, batches, folder.
final class TrainingSession {
    let options: RunOptions
    let dataset: Dataset
    let step: TrainStep
    let plan: Plan
    let store = StateStore()
    private(set) var directory = RunDirectory(path: "")
    private var lock: RunLock?
    private let program: Program
    private let sampler: Sampler
    private let pictures: SamplePictures
    private var loader: BatchLoader
    private let real: UnsafeMutableBufferPointer<Float>
    private let snapshot = StateStore()
    private var snapshotStep = 0
    private static let snapshotEvery = 100

    /// Steps in what the run calls an epoch.
    var epochSteps: Int { options.training.epochSteps ?? loader.batchesPerEpoch }

    /// How often the program of a step has run.
    var programRuns: Int { program.runCount }

    /// Compiles the programs of a run. On the engine's thread.
    ///
    /// - Parameter plan: of the run that goes on; nil for a new one.
    init(_ options: RunOptions, _ dataset: Dataset, plan: Plan? = nil) throws {
        self.options = options
        self.dataset = dataset
        let config = options.training
        loader = try BatchLoader(
            dataset, batch: config.batch, seed: UInt64(config.seed), pixels: options.gan.pixels)
        step = TrainStep(options.gan, batch: config.batch)
        self.plan = try plan ?? Plan(options)
        program = try Program(step.graph, store: store, precision: self.plan.precision)
        sampler = try Sampler(options.gan, store: store)
        pictures = try SamplePictures(options, dataset, sampler, store: store)
        real = program.feed("real")
    }

    /// Writes into `directory` from now on.
    func take(_ directory: RunDirectory, _ lock: RunLock) {
        (self.directory, self.lock) = (directory, lock)
    }

    /// First values of all variables: from the seed, and the networks' from a checkpoint if one is given.
    func initialize(from path: String?) throws {
        for variable in step.variables {
            store[variable.name] = HostTensor(
                variable.shape,
                variable.initializer.values(
                    variable.shape, name: variable.name, seed: UInt64(options.training.seed)))
        }
        guard let path else { return }
        let networks = options.gan.generator.variables + options.gan.discriminator.variables
        try Checkpoint(path).load(networks, into: store)
    }

    /// What judges the generator as the run goes, if it asks for that.
    func trainingEvaluator(under line: LoadingLine) throws -> TrainingEvaluator? {
        try TrainingEvaluator(options, dataset, sampler, journal: directory.journal(), line: line)
    }

    func openJournal(after step: Int) throws -> Journal.Opened {
        snapshotStep = step
        store.copy(to: snapshot)
        return try Journal.open(directory.journalPath, after: step)
    }

    /// One round of the schedule after `step` finished ones. Stops on the first number that is not finite.
    func advance(step index: Int) throws -> StepReport {
        if index - snapshotStep >= TrainingSession.snapshotEvery {
            store.copy(to: snapshot)
            snapshotStep = index
        }
        prepare(step: index)
        let weightsFinite = program.run()
        var report = StepReport()
        report.dLoss = Double(program.scalar("d_loss"))
        report.gLoss = Double(program.scalar("g_loss"))
        report.dAccReal = Double(program.scalar("d_acc_real"))
        report.dAccFake = Double(program.scalar("d_acc_fake"))
        report.gAcc = Double(program.scalar("g_acc"))
        guard weightsFinite, report.dLoss.isFinite, report.gLoss.isFinite else {
            throw diagnosis(failedStep: index)
        }
        return report
    }

    /// One round without looking at the outcome beyond reading the losses; for benchmarks.
    func runUnchecked(step index: Int) {
        prepare(step: index)
        program.run()
        _ = program.scalar("d_loss") + program.scalar("g_loss")
    }

    /// Every kernel with its median times over `steps` rounds.
    func kernelTimes(steps: Int) -> [Profile.Row] {
        var times: [[(whole: Double, reorders: Double)]] = []
        for index in 0..<steps {
            prepare(step: index)
            times.append(program.runTimed(Machine.seconds))
        }
        let flops = program.flops
        return program.implementations.enumerated().map { kernel, names in
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

    func complete(_ report: StepReport, step: Int, seconds: Double, rate: Double) -> StepReport {
        var report = report
        report.step = step
        report.images = step * options.training.batch
        report.epoch = Double(step) / Double(epochSteps)
        report.seconds = seconds
        report.imagesPerSecond = rate
        return report
    }

    /// Fills every feed of the step's program, without allocating.
    private func prepare(step index: Int) {
        loader.fill(real, step: index)
        if program.hasFeed("key") {
            program.setKey(
                RandomKey(seed: UInt64(options.training.seed), step: UInt64(index) + 1))
        }
        for scalar in step.hostScalars {
            program.feed(scalar.feed)[0] = scalar.value(step: index)
        }
    }

    /// Goes back to the last snapshot, repeats the steps since with a look at every tensor, and names the
    /// first that is not finite.
    private func diagnosis(failedStep: Int) -> GanymedeError {
        var culprit = "one that was finite when the step was repeated"
        var step = failedStep
        snapshot.copy(to: store)
        for index in snapshotStep...failedStep {
            prepare(step: index)
            if let found = program.runToFirstNonFinite() {
                (culprit, step) = (found, index)
                break
            }
        }
        return GanymedeError.world(
            "step \(step + 1): a number is not finite. The first bad tensor is\n  \(culprit)\n"
                + "Nothing was saved from it; the last good checkpoint is \(lastGood).\n"
                + "Try a lower learning rate: --set generator_optimizer.learning_rate=... "
                + "and discriminator_optimizer.learning_rate=...")
    }

    /// The checkpoint that a run which stops here leaves behind.
    private var lastGood: String {
        (try? RunDirectory.checkpoint(in: directory.path)).map(quoted) ?? "none"
    }

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
            throw GanymedeError.world(
                "step \(index): \(bad) is not finite, so no checkpoint was written; the last good one is "
                    + lastGood)
        }
        try Checkpoint.write(
            directory.checkpointPath(step: index), store: store, variables: step.variables,
            step: index,
            options: options, plan: plan, dataDigest: dataset.digest)
        try directory.mark(.latest, step: index)
    }

    /// Makes `checkpoints/best` name the checkpoint of `step`, and takes the one before away unless it is there anyway.
    func markBest(step: Int, insteadOf previous: Int?) throws {
        try directory.mark(.best, step: step)
        if let previous, previous % options.training.checkpointEvery != 0 {
            try directory.removeCheckpoint(step: previous)
        }
    }
}
