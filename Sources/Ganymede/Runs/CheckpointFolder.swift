import FoundationEssentials

/// The folder `checkpoints/` of a run: files such as `step-000400.safetensors`, and the text files `latest` and `best`,
/// each of which holds the name of one.
struct CheckpointFolder {
    let run: RunDirectory
    private var path: String { run.checkpointsPath }

    /// Text files that name a checkpoint. Other tools read them; here they are compared with what the checkpoints say.
    enum Mark: String, CaseIterable { case latest, best }

    private static let ending = ".safetensors"

    func file(_ step: Int) -> String {
        "\(path)/\(RunDirectory.stepName(step))\(CheckpointFolder.ending)"
    }

    /// The steps that have a file, ascending; none if there is no folder. Throws if it cannot be read.
    func steps() throws -> [Int] {
        guard Files.exists(path) else { return [] }
        return try Files.list(path).compactMap(CheckpointFolder.step(ofFile:)).sorted()
    }

    static func step(ofFile name: String) -> Int? {
        guard let step = Int(name.dropFirst(5).dropLast(ending.count)), step >= 0,
            name == RunDirectory.stepName(step) + ending
        else { return nil }
        return step
    }

    // MARK: Marks

    /// Points `latest` or `best` to the checkpoint of `step`.
    func mark(_ mark: Mark, _ step: Int) throws {
        try Files.writeAtomically(
            "\(path)/\(mark.rawValue)",
            text: "\(RunDirectory.stepName(step))\(CheckpointFolder.ending)\n")
    }

    func removeMark(_ mark: Mark) throws { try Files.remove("\(path)/\(mark.rawValue)") }

    /// The step that a mark names; nil if there is no such file. Throws if it holds anything but a checkpoint's name.
    func marked(_ mark: Mark) throws -> Int? {
        let pointer = "\(path)/\(mark.rawValue)"
        guard Files.exists(pointer) else { return nil }
        let name = String(decoding: try Files.read(pointer, limit: 4096), as: UTF8.self)
        guard name.hasSuffix("\n"),
            let step = CheckpointFolder.step(ofFile: String(name.dropLast()))
        else {
            throw GanymedeError.fileMalformed(
                "\(quoted(pointer)) is damaged: it does not hold the name of a checkpoint")
        }
        return step
    }

    /// The file of a mark. The newest checkpoint is the latest, and says which one is the best: a crash can leave the
    /// marks behind it.
    func file(_ mark: Mark) throws -> String {
        let marked = try marked(mark)
        let steps = try steps()
        guard let newest = steps.last else {
            throw GanymedeError.notFound("the run has no checkpoint yet: \(quoted(path)) is empty")
        }
        if mark == .latest {
            if let marked, marked > newest {
                throw GanymedeError.fileUnreadable(
                    "\(quoted(file(marked))) is missing, the latest checkpoint")
            }
            return file(newest)
        }
        guard let best = (try? Checkpoint(file(newest)).best?.step) ?? marked else {
            throw GanymedeError.notFound(
                "the run has no best checkpoint, which \(option: "metrics_every") makes")
        }
        return file(best)
    }

    // MARK: Damage

    /// The newest checkpoint of which every byte is as it was written; nil if none is left.
    func newestGood() -> Checkpoint? {
        ((try? steps()) ?? []).reversed().lazy.compactMap(good(_:)).first
    }

    private func good(_ step: Int) -> Checkpoint? {
        guard let checkpoint = try? Checkpoint(file(step)), checkpoint.step == step,
            (try? checkpoint.file.verify()) != nil
        else { return nil }
        return checkpoint
    }

    /// Renames the checkpoints after `step`, which are damaged, so that none is taken for the latest, and nothing is
    /// lost.
    func setAside(after step: Int) throws {
        for later in try steps() where later > step {
            let copy = try Files.freeName(file(later) + ".damaged")
            try Files.move(file(later), to: copy)
        }
    }

    /// Removes all but the newest checkpoints, the best one and those of milestones, as the options say.
    func prune(_ training: TrainingConfig, best: Int?) throws {
        if training.keep == 0 { return }
        for step in try steps().dropLast(training.keep)
        where step != best && !training.milestones.contains(step) {
            try Files.remove(file(step))
        }
    }
}

extension Checkpoint {
    /// Opens a checkpoint file, or the latest checkpoint of a run directory, and uses it. If it is damaged or missing,
    /// the error names the newest good checkpoint of the run.
    static func using<Result>(
        _ path: String, _ body: (Checkpoint) throws -> Result
    ) throws -> Result {
        do { return try body(Checkpoint(path)) } catch let error as GanymedeError {
            // A file without damage may hold what is not understood here.
            guard error.isFileError, let run = run(of: path),
                let good = run.checkpoints.newestGood(),
                (try? RunDirectory.checkpoint(in: path)) != good.path
            else { throw error }
            throw error.adding(
                ".\nThe newest good checkpoint of the run is \(quoted(good.path)), of step \(good.step)\(advice: ": take it in place of \(quoted(path)), or go on from it: ganymede resume \(quoted(run.path)) --fall-back")"
            )
        }
    }

    /// The run that a path belongs to: a run directory, or a file in its folder of checkpoints.
    private static func run(of path: String) -> RunDirectory? {
        if Files.isDirectory(path) { return try? RunDirectory.open(path, needsConfig: false) }
        let parts = path.split(separator: "/")
        let known = parts.count > 2 ? path : Files.absolute(path)
        guard known.split(separator: "/").dropLast().last == "checkpoints" else { return nil }
        return try? RunDirectory.open(Files.parent(Files.parent(known)), needsConfig: false)
    }
}
