import Engine
import Foundation

/// How ranks train one run: all of them run the steps, rank 0 decides, writes, evaluates and shows.
extension Trainer {
    var isFirstRank: Bool { (communicator?.rank ?? 0) == 0 }

    /// Throws if the run cannot be divided.
    func checkRanks() throws {
        guard let communicator else { return }
        try options.checkShares(among: communicator.count)
        if control != nil {
            throw GanymedeError.unsupported("a run on several ranks cannot be steered")
        }
        if options.training.onNan == .rollback {
            throw GanymedeError.unsupported(
                "a run on several ranks cannot go back after NaN or infinity: take \(option: "on-nan") stop"
            )
        }
    }

    /// The plan of rank 0, with bf16 only where every rank can compute in it.
    func agreedPlan() throws -> Plan? {
        guard let communicator else { return plan }
        var agreed = try plan ?? Plan(options)
        let precision = communicator.decision(agreed.precision == .bf16)
        let unable = communicator.number(
            where: options.training.backend.fault(.bf16) != nil)
        if precision && unable > 0 && options.training.precision == .auto && plan == nil {
            agreed.precision = .f32
        } else {
            agreed.precision = precision ? .bf16 : .f32
        }
        return agreed
    }

    /// Throws, on every rank, if one has another program, data or options than rank 0: the ranks would wait for each other
    /// for ever, or train nonsense.
    func compareRanks(_ dataset: Dataset) throws {
        guard let communicator else { return }
        let graph = StepGraph(options.trainedGAN, batch: options.training.batch).graph
        let parts = [
            ("program file", sha256(try Files.read("/proc/self/exe"))),
            ("instruction set or oneDNN", "\(DNN.instructionSet) \(DNN.version)"),
            ("number of threads", "\(options.training.threads)"),
            ("options", try options.text()),
            ("data", dataset.digest),
            ("training step", "\(graph)"),
        ]
        var faults: [String] = []
        for (what, own) in parts {
            let others = communicator.othersThan(sha256(Data(own.utf8)))
            if others > 0 {
                faults.append("\(others) of \(communicator.count) ranks have another \(what)")
            }
        }
        if let fault = faults.first {
            throw GanymedeError.mismatch(
                Message(
                    "\(fault) than rank 0: start them all with the same command, program and files")
            )
        }
    }

    /// Runs the steps that rank 0 runs.
    func follow(_ session: TrainingSession, after start: Int) throws -> Outcome {
        guard let communicator else { misuse("a single rank has none to follow") }
        session.share(communicator)
        let stops = communicator.decision(false)
        let loop = TrainingLoop(session.runner, steps: stops ? start : options.training.steps)
        let step = try loop.run(after: start) { _ in communicator.decision(false) }
        try session.compareStates()
        return Outcome(
            directory: session.directory, step: step,
            interrupted: step < options.training.steps, last: nil, best: nil,
            programRuns: session.runner.runCount, options: options)
    }
}

extension RunOptions {
    /// Throws if ranks cannot share a batch evenly.
    func checkShares(among ranks: Int) throws {
        let unit = ranks * gan.packing
        if training.batch % unit != 0 {
            let packed = gan.packing > 1 ? " in packs of \(gan.packing)" : ""
            throw GanymedeError.invalidOption(
                "\(ranks) ranks cannot share a batch of \(training.batch)\(packed) evenly: take a multiple of \(unit)\(advice: " for --batch")"
            )
        }
    }
}

extension TrainingSession {
    /// Throws if a rank has another state than rank 0. All sums have the same bits on all of them, so their states have.
    func compareStates() throws {
        guard let communicator else { return }
        let hash = SHA256()
        for variable in runner.step.variables {
            let values = store.declare(variable.name, variable.shape).floats(
                count: variable.shape.count)
            hash.update(UnsafeRawBufferPointer(values))
        }
        let others = communicator.othersThan(hash.hexadecimal())
        if others > 0 {
            throw GanymedeError.mismatch(
                "\(others) of \(communicator.count) ranks have other weights than rank 0: the sums of \(communicator.library) are not the same on all ranks, and the run is worth nothing"
            )
        }
    }

    /// Gives every rank the state of rank 0.
    func share(_ communicator: any Communicator) {
        for variable in runner.step.variables {
            let entry = store.entry(variable.name, variable.shape)
            let bytes = variable.shape.count * MemoryLayout<Float>.stride
            communicator.broadcast(
                UnsafeMutableRawBufferPointer(start: entry.buffer.base, count: bytes), from: 0)
            entry.wasWritten()
        }
    }
}

/// What rank 0 tells the others of a run that is resumed, so that they need not see its folder.
struct ResumedState: Codable {
    let options: JSONValue
    let plan: Plan?
    let step: Int
    let dataDigest: String
}

extension Trainer {
    /// Takes part in the resume of a run that only rank 0 reads.
    static func followResumed(
        _ communicator: any Communicator, _ how: ResumeOptions, registry: Registry,
        configure: (inout Trainer) -> Void
    ) throws -> Outcome {
        let state: ResumedState = try communicator.shared(nil)
        let options = try JSON.decoder(registry).decode(
            RunOptions.self, from: JSON.encoder().encode(state.options))
        var trainer = Trainer(options, plan: state.plan, registry: registry)
        configure(&trainer)
        trainer.communicator = communicator
        trainer.takeThreads()
        if state.step >= options.training.steps {
            return Outcome(
                directory: RunDirectory(path: ""), step: state.step, interrupted: false, last: nil,
                best: nil, programRuns: 0, options: options)
        }
        let dataset = try trainer.loadDataset()
        return try EngineThread.run {
            trainer.plan = try trainer.agreedPlan()
            try trainer.compareRanks(dataset)
            let session = try TrainingSession(
                trainer.options, dataset, plan: trainer.plan, communicator: communicator)
            try session.initialize(from: nil)
            trainer.willStart()
            return try trainer.follow(session, after: state.step)
        }
    }
}

extension Communicator {
    /// How many ranks have another digest than rank 0; all digests are equally long.
    fileprivate func othersThan(_ digest: String) -> Int {
        let own = Array(digest.utf8)
        var first = own
        first.withUnsafeMutableBytes { broadcast($0, from: 0) }
        return number(where: first != own)
    }

    /// The value of one rank, which the others need not have.
    func shared<Value: Codable>(_ value: Value?, of root: Int = 0) throws -> Value {
        var bytes = try value.map { try JSON.encoder().encode($0) } ?? Data()
        let count = decision(bytes.count, of: root)
        if rank != root { bytes = Data(count: count) }
        bytes.withUnsafeMutableBytes { broadcast($0, from: root) }
        return try JSON.decoder().decode(Value.self, from: bytes)
    }
}
