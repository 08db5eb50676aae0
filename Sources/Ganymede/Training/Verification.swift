/// Whether a run gives the same bits again: it is trained a second time from its configuration, without writing, and the
/// losses of each step are compared with the journal, the weights with each checkpoint that is there.
public struct Verification: Sendable {
    /// The steps that were trained again.
    public private(set) var steps = 0
    /// Steps whose losses were compared.
    public private(set) var reports = 0
    /// The steps of the checkpoints that were compared.
    public private(set) var checkpoints: [Int] = []
    /// The first thing that differs; nil if every bit is the same.
    public private(set) var difference: String?
    /// What can explain a difference, such as another processor.
    public private(set) var notes: [String] = []
    /// The SHA-256 of the weights, statistics and optimizer state of the last compared checkpoint.
    public private(set) var digest: String?

    /// Trains the run in `path` again.
    ///
    /// - Parameters:
    ///   - path: the run's folder.
    ///   - wanted: how many steps; nil for those of its latest checkpoint.
    ///   - registry: holds the kinds that the run was started with.
    ///   - progress: called with the finished steps and their number; returns false to stop.
    public init(
        _ path: String, steps wanted: Int? = nil, registry: Registry = .standard,
        progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) throws {
        let directory = try RunDirectory.open(path)
        let latest = try Checkpoint.using(path) { $0 }
        notes = latest.notes
        let options = try directory.options(registry)
        try latest.checkIdentity(options, directory, registry)
        if let count = latest.rollbacks {
            throw GanymedeError.unsupported(
                "the run went back \(count) times after NaN or infinity, and is not one course of steps that could be repeated"
            )
        }
        var trainer = Trainer(options, registry: registry)
        trainer.takeThreads()
        if trainer.options.training.threads != options.training.threads {
            notes.append(
                "the run had \(options.training.threads) threads, and here are \(trainer.options.training.threads): the last bits can differ"
            )
        }
        let dataset = try trainer.loadDataset()
        guard dataset.digest == latest.dataDigest else {
            throw GanymedeError.mismatch(
                "the images of \(quoted(options.data)) are not those that the run began with")
        }
        let journal = Dictionary(
            try directory.journal().map { ($0.step, $0) }, uniquingKeysWith: { first, _ in first })
        let total = min(wanted ?? latest.step, latest.step)
        let saved = Set(try directory.checkpoints.steps().filter { $0 <= total })
        try EngineThread.run {
            try latest.plan.check(options.training.backend)
            let session = try TrainingSession(trainer.options, dataset, plan: latest.plan)
            try session.initialize(from: options.initFrom)
            if saved.contains(0) { try compare(session, 0, directory) }
            if difference != nil { return }
            try TrainingLoop(session.runner, steps: total).run { now in
                steps = now.step
                let report = session.report(now, earlier: 0)
                if let earlier = journal[now.step] { compare(report, earlier) }
                if difference == nil && saved.contains(now.step) {
                    try compare(session, now.step, directory)
                }
                return progress(now.step, total) && difference == nil
            }
        }
    }

    private mutating func compare(_ report: StepReport, _ earlier: StepReport) {
        reports += 1
        for (name, value) in [("d_loss", \StepReport.dLoss), ("g_loss", \StepReport.gLoss)] {
            let (new, old) = (report[keyPath: value], earlier[keyPath: value])
            if Float(new) != Float(old) && difference == nil {
                difference =
                    "step \(report.step): \(name) is \(Float(new)), and \(Float(old)) in the journal"
            }
        }
    }

    private mutating func compare(
        _ session: TrainingSession, _ step: Int, _ directory: RunDirectory
    ) throws {
        // A run in progress removes old checkpoints.
        guard Files.exists(directory.checkpoints.file(step)) else { return }
        let checkpoint = try Checkpoint(directory.checkpoints.file(step))
        let hash = SHA256()
        for variable in session.runner.step.variables.sorted(by: { $0.name < $1.name }) {
            let old = try checkpoint.file.tensor(variable.name).values
            let new = session.store[variable.name]?.values ?? []
            old.withUnsafeBytes(hash.update)
            if let place = old.indices.first(where: {
                !new.indices.contains($0) || new[$0].bitPattern != old[$0].bitPattern
            }) {
                difference =
                    "step \(step): value \(place) of \(variable.name) differs from the checkpoint"
                return
            }
        }
        checkpoints.append(step)
        digest = hash.hexadecimal()
    }
}
