/// What a run in progress writes into its folder.
extension TrainingSession {
    /// Opens the journal of a run that begins, or resumes after `step`, and removes what was written after that.
    ///
    /// - Returns: seconds of training so far.
    func begin(
        after checkpoint: Checkpoint?, rebuildingJournal: Bool, note: @escaping (String) -> Void
    ) throws -> Double {
        let step = checkpoint?.step ?? 0
        saving.note = note
        saving.bytesPerSecond = { [unowned self] in bytesPerSecond }
        saving.recovered = { [directory] in try directory.removeLeftovers() }
        try directory.makeFolders()
        let opened = try directory.reconcile(
            checkpoint, options, rebuildingJournal: rebuildingJournal)
        if let damage = opened.damage { note(damage) }
        // A resume can have other options, and those of one that was refused leave no trace.
        try directory.writeConfig(options, plan: plan, dataDigest: dataset.digest)
        journal = opened.journal
        saving.buffered = { [journal = opened.journal] in journal.bytesWaiting }
        evaluator?.take(opened.reports, best: checkpoint?.best)
        earlierBest = checkpoint?.best
        try apply(checkpoint?.events ?? [])
        conditions = (checkpoint?.conditions ?? []).followed(
            after: step, threads: options.training.threads, communicator: communicator)
        if step > 0 {
            health?.take(
                try HealthRecord.read(directory.healthPath), opened.reports, step: step,
                weights: try checkpoint?.healthWeights())
        } else {
            try saveRealSamples()
            try saveSamples(step: 0)
            try saveCheckpoint(step: 0)
        }
        return opened.seconds
    }

    /// An estimate of what is saved in a second.
    private var bytesPerSecond: Double {
        let steps = imagesPerSecond / Double(options.training.batch * runner.step.batches)
        let perStep =
            Double(checkpointBytes) / Double(options.training.checkpointEvery)
            + Double(pictureBytes) / Double(options.training.sampleEvery) + 300
        return perStep * steps
    }

    /// Adds the report of a step to the journal.
    func record(_ report: StepReport) throws {
        imagesPerSecond = report.imagesPerSecond
        journal?.append(report)
        if saving.isPaused {
            try saving.retry()
        } else if journal?.isDue ?? false {
            try writeJournal()
        }
    }

    /// Makes the steps so far readable.
    func writeJournal() throws {
        guard let journal else { return }
        try saving.add { try journal.write() }
    }

    /// Adds the last measurement to the record of the run's health.
    func recordHealth() throws {
        guard let last = health?.signals.last else { return }
        try saving.add { [directory] in try HealthRecord.append(last, to: directory.healthPath) }
    }

    private func saveRealSamples() throws {
        try save(pictures.real(dataset), name: "real")
    }

    /// Saves a grid of samples.
    ///
    /// - Parameter done: called when it is on disk, with the file's path inside the run's folder.
    func saveSamples(step: Int, done: @escaping (String) -> Void = { _ in }) throws {
        try writeJournal()
        let name = RunDirectory.stepName(step)
        try save(pictures.generated(), name: name) { done("samples/\(name).png") }
    }

    private func save(
        _ raster: Raster, name: String, done: @escaping () -> Void = {}
    ) throws {
        let (path, png) = (directory.samplePath(name), try raster.png())
        pictureBytes = png.count
        try saving.add(bytes: png.count) {
            try Files.writeAtomically(path, [png])
            done()
        }
    }

    /// Saves a checkpoint, after the journal, so that the journal is never behind it.
    func saveCheckpoint(step: Int, done: @escaping () -> Void = {}) throws {
        if let bad = store.firstNonFinite() {
            throw GanymedeError.nonFinite(step: step, tensor: bad, checkpoint: lastGood)
        }
        // Without an evaluator, what was the best stays so.
        let best =
            evaluator?.best.map {
                Checkpoint.Best(step: $0.step, metrics: $0.metrics ?? [:], real: $0.metricsReal)
            } ?? earlierBest
        let parts = try Checkpoint.encoded(
            store: store, variables: runner.step.variables, step: step, options: options,
            plan: plan, dataDigest: dataset.digest, conditions: conditions, events: events,
            best: best,
            healthWeights: health?.rememberedWeights)
        let folder = directory.checkpoints
        let training = options.training
        checkpointBytes = parts.map(\.count).reduce(0, +)
        try saving.add(bytes: checkpointBytes) { [journal] in
            try journal?.flush()
            try Files.writeAtomically(folder.file(step), parts)
            try folder.mark(.latest, step)
            if let best { try folder.mark(.best, best.step) }
            try folder.prune(training, best: best?.step)
            done()
        }
    }

    /// Runs `body`, and adds the path of the last checkpoint to an error about NaN or infinity. What waits for the disk is
    /// saved before any error ends the run, if the disk allows.
    func withLastCheckpoint<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            do { return try body() } catch {
                if saving.isPaused && !saving.hasGivenUp { try? saving.finish() }
                throw error
            }
        } catch GanymedeError.nonFinite(let step, let tensor, _) {
            health?.noteNonFinite(step: step, tensor: tensor)
            try? recordHealth()
            throw GanymedeError.nonFinite(step: step, tensor: tensor, checkpoint: lastGood)
        }
    }

    /// The newest good checkpoint of the run.
    private var lastGood: String? { directory.checkpoints.newestGood()?.path }
}

extension RunDirectory {
    /// Removes temporary files that a crash left.
    func removeLeftovers() throws {
        for folder in [path, samplesPath, checkpointsPath] where Files.isDirectory(folder) {
            try Files.removeLeftovers(in: folder)
        }
    }

    /// Makes the files of a run agree with the checkpoint that it resumes from, whatever a crash left: the journal, the
    /// measurements and the pictures end with it, the marks say what it says, and later checkpoints, which are damaged,
    /// are set aside.
    func reconcile(
        _ checkpoint: Checkpoint?, _ options: RunOptions, rebuildingJournal: Bool
    ) throws -> Journal.Opened {
        let step = checkpoint?.step ?? 0
        try removeLeftovers()
        let opened = try Journal.open(journalPath, after: step, rebuilding: rebuildingJournal)
        try HealthRecord.cut(healthPath, after: step)
        try removeSamples(after: step)
        guard let checkpoint else { return opened }
        try checkpoints.setAside(after: step)
        if (try? checkpoints.marked(.latest)) != step { try checkpoints.mark(.latest, step) }
        if let best = checkpoint.best, (try? checkpoints.marked(.best)) != best.step {
            try checkpoints.mark(.best, best.step)
        }
        // Files of the version before do not say which is the best.
        var best = try checkpoint.best?.step ?? checkpoints.marked(.best)
        if let later = best, later > step {
            try checkpoints.removeMark(.best)
            best = nil
        }
        try checkpoints.prune(options.training, best: best)
        return opened
    }
}
