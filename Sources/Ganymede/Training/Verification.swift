/// Whether a run gives the same bits again: it is trained a second time from its configuration, without writing, and the
/// losses of each step are compared with the journal, the weights with each checkpoint that is there.
public struct Verification: Sendable {
    /// The steps that were to be trained again.
    public private(set) var total = 0
    /// The steps that were; fewer if it was stopped, or if something differs.
    public private(set) var steps = 0
    /// Steps whose losses were compared.
    public private(set) var reports = 0
    /// The steps of the checkpoints that were compared.
    public private(set) var checkpoints: [Int] = []
    /// The first thing that differs; nil if every bit that was compared is the same.
    public private(set) var difference: String?
    /// What can explain a difference, such as another processor.
    public private(set) var notes: [String] = []
    /// The SHA-256 of the weights, statistics and optimizer state of the last compared checkpoint.
    public private(set) var digest: String?

    /// Whether all steps were trained again, and every bit is the same.
    public var isSame: Bool { difference == nil && steps == total }

    /// Trains the run in `path` again.
    ///
    /// - Parameters:
    ///   - path: the run's folder.
    ///   - wanted: how many steps; nil for those of its latest checkpoint.
    ///   - source: where the run's data is now; nil for where it was.
    ///   - registry: holds the kinds that the run was started with.
    ///   - progress: called with the finished steps and their number; returns false to stop.
    public static func run(
        _ path: String, steps wanted: Int? = nil, source: DataSource? = nil,
        registry: Registry = .standard,
        progress: (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) throws -> Verification {
        let directory = try RunDirectory.open(path)
        let latest = try Checkpoint.using(path) { $0 }
        var options = try directory.options(registry)
        try latest.checkIdentity(options, directory, registry)
        if let count = latest.rollbacks {
            throw GanymedeError.unsupported(
                "the run went back \(count) \(count == 1 ? "time" : "times") after NaN or infinity, and is not one course of steps that could be repeated"
            )
        }
        options.source = source ?? options.source
        // A run that was resumed with other threads began with these.
        options.training.threads = latest.conditions.first?.threads ?? options.training.threads
        var trainer = Trainer(options, registry: registry)
        trainer.takeThreads()
        let dataset = try trainer.loadDataset()
        guard dataset.digest == latest.dataDigest else {
            throw GanymedeError.mismatch(
                "the images of \(quoted(options.data)) are not those that the run began with")
        }
        let journal = Dictionary(
            try directory.journal().map { ($0.step, $0) }, uniquingKeysWith: { first, _ in first })
        var found = Verification()
        found.total = min(wanted ?? latest.step, latest.step)
        found.notes =
            [latest.unhashed].compactMap(\.self)
            + latest.conditions.notes(
                steps: found.total, threads: trainer.options.training.threads)
        let saved = Set(try directory.checkpoints.steps().filter { $0 <= found.total })
        return try EngineThread.run {
            try latest.plan.check(options.training.backend)
            let session = try TrainingSession(trainer.options, dataset, plan: latest.plan)
            let start = try found.begin(session, options, directory)
            if saved.contains(0) { try found.compare(session, 0, directory) }
            if found.difference != nil { return found }
            try TrainingLoop(session.runner, steps: found.total).run(after: start) { index in
                try session.repeatEvents(latest.events, before: index)
                return true
            } report: { now in
                found.steps = now.step
                let report = session.report(now, earlier: 0)
                if let earlier = journal[now.step] { found.compare(report, earlier) }
                if found.difference == nil && saved.contains(now.step) {
                    try found.compare(session, now.step, directory)
                }
                return progress(now.step, found.total) && found.difference == nil
            }
            return found
        }
    }

    /// Sets the state before the first step: initial values, or those of the checkpoint that a fork began with.
    private mutating func begin(
        _ session: TrainingSession, _ options: RunOptions, _ directory: RunDirectory
    ) throws -> Int {
        try session.initialize(from: options.initFrom)
        guard let fork = options.fork else { return 0 }
        let first = try Checkpoint(directory.checkpoints.file(fork.step))
        try first.load(session.runner.step.variables, into: session.store)
        notes.append(
            "it was forked at step \(grouped(fork.step)): the steps before are those of \(quoted(fork.run))"
        )
        return fork.step
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
        for variable in session.runner.step.variables.sorted(by: { $0.name < $1.name }) {
            let old = try checkpoint.file.tensor(variable.name).values
            let new = session.store[variable.name]?.values ?? []
            if let place = old.indices.first(where: {
                !new.indices.contains($0) || new[$0].bitPattern != old[$0].bitPattern
            }) {
                difference =
                    "step \(step): value \(place) of \(variable.name) differs from the checkpoint"
                return
            }
        }
        checkpoints.append(step)
        digest = try checkpoint.tensorDigest()
    }
}
