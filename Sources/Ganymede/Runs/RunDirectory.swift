import FoundationEssentials

/// The folder of a run: `config.json`, `journal.jsonl`, `samples/`, `checkpoints/`, and files made from them:
/// `progress.gif`, `curves.svg`, `curves.png`, `milestones.png`, `report.html`.
public struct RunDirectory: Sendable {
    /// The path of the folder.
    public let path: String

    var configPath: String { "\(path)/config.json" }
    var journalPath: String { "\(path)/journal.jsonl" }
    /// The measurements of the run's health.
    var healthPath: String { "\(path)/health.jsonl" }
    /// The fixed-noise grids.
    public var samplesPath: String { "\(path)/samples" }
    var checkpointsPath: String { "\(path)/checkpoints" }
    var checkpoints: CheckpointFolder { CheckpointFolder(run: self) }
    var gifPath: String { "\(path)/progress.gif" }
    var reportPath: String { "\(path)/report.html" }
    /// The name of the folder, even if the path is `.`.
    package var name: String { Files.name(path) }
    func samplePath(_ name: String) -> String { "\(samplesPath)/\(name).png" }

    static func stepName(_ step: Int) -> String { "step-" + padded(step, to: 6) }

    /// A number with leading zeros, so that names sort.
    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }

    /// Makes and locks the folder of a new run; nil takes the next free `runs/NAME-001`. The configuration is its first
    /// file, so that a run can be resumed from then on.
    ///
    /// - Parameters:
    ///   - overwriting: whether the folder may hold a run that was stopped before its first checkpoint.
    ///   - writeConfig: writes `config.json`.
    static func create(
        _ path: String?, name: String, overwriting: Bool = false,
        writeConfig: (RunDirectory) throws -> Void
    ) throws -> (RunDirectory, RunLock) {
        let run = RunDirectory(path: try path ?? makeNextFree(name))
        try checkFree(run.path, overwriting: overwriting)
        try Files.makeDirectory(run.path)
        let lock = try RunLock(run)
        // Another process may have started a run here since the first check.
        try checkFree(run.path, overwriting: overwriting)
        try run.clear()
        try writeConfig(run)
        return (run, lock)
    }

    /// Removes what a run that was stopped before its first checkpoint has left. The configuration stays until it is
    /// replaced, so that the folder is that of such a run all the time.
    private func clear() throws {
        try Files.removeLeftovers(in: path)
        let files = [
            journalPath, MissingSteps.path(journalPath), healthPath, reportPath, gifPath,
            "\(path)/curves.png", "\(path)/curves.svg", "\(path)/milestones.png",
        ]
        for file in files where Files.exists(file) { try Files.remove(file) }
        for folder in [samplesPath, checkpointsPath] where Files.isDirectory(folder) {
            for name in try Files.list(folder) { try Files.remove("\(folder)/\(name)") }
        }
    }

    /// Whether a run was stopped before its first checkpoint. One with a history whose checkpoints are gone was not.
    func isBeforeFirstCheckpoint() throws -> Bool {
        guard try checkpoints.steps().isEmpty else { return false }
        let samples = Files.exists(samplesPath) ? try sampleSteps() : []
        let isEmpty = (Files.status(journalPath)?.size ?? 0) == 0
        return isEmpty && samples.allSatisfy { $0 == 0 }
    }

    /// Makes the folders inside.
    func makeFolders() throws {
        try Files.makeDirectory(samplesPath)
        try Files.makeDirectory(checkpointsPath)
    }

    /// Whether nothing but a lock and temporary files is in a folder: a process was killed that was about to begin a run.
    private static func isUnbegun(_ path: String) throws -> Bool {
        try Files.list(path).allSatisfy {
            $0 == RunLock.file || Files.temporaryOwner($0) != nil
        }
    }

    /// Throws if `path` cannot become the folder of a new run.
    static func checkFree(_ path: String, overwriting: Bool = false) throws {
        if path.isEmpty {
            throw GanymedeError.invalidOption(
                "\(option: "out") is the name of a folder, and not empty")
        }
        let run = RunDirectory(path: path)
        if Files.isDirectory(path) {
            if try isUnbegun(path) { return }
            if try Files.exists(run.configPath) && run.isBeforeFirstCheckpoint() {
                if overwriting { return }
                throw GanymedeError.fileExists(
                    "the folder \(quoted(path)) holds a run that was stopped before its first checkpoint\(advice: ": go on with ganymede resume \(quoted(path)), or begin anew with --overwrite")"
                )
            }
            let hint: Message =
                Files.exists(run.configPath)
                ? "; to resume the run in it: ganymede resume \(quoted(path))"
                : "; choose another \(option: "out")"
            throw GanymedeError.fileExists(
                "the folder \(quoted(path)) is not empty\(advice: hint)")
        }
        if let file = Files.fileInTheWay(of: path) {
            throw GanymedeError.fileExists(
                "cannot make the folder \(quoted(path)): \(quoted(file)) is a file\(advice: ". Choose another \(option: "out"), or move it away")"
            )
        }
    }

    private static func makeNextFree(_ name: String) throws -> String {
        try Files.makeDirectory("runs")
        for number in 1...999_999 {
            let path = "runs/\(name)-" + padded(number, to: 3)
            // Of two processes that try at the same time, only one makes the folder.
            if try Files.makeNewDirectory(path) { return path }
        }
        throw GanymedeError.fileExists(
            "runs/ holds 999999 runs of \(name)\(advice: ": choose an \(option: "out")")")
    }

    /// Opens the folder of an existing run.
    ///
    /// - Parameter needsConfig: whether a folder with checkpoints and without `config.json` is refused.
    package static func open(_ path: String, needsConfig: Bool = true) throws -> RunDirectory {
        let run = RunDirectory(
            path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
        guard !path.isEmpty,
            try Files.exists(run.configPath) || !needsConfig && !run.checkpoints.steps().isEmpty
        else {
            throw GanymedeError.notFound(
                "\(quoted(path)) is not the folder of a run: it has no config.json")
        }
        return run
    }

    /// The latest checkpoint of the run at `path`, the one that `checkpoints/latest` or `checkpoints/best` names, or
    /// the file at `path` itself.
    static func checkpoint(in path: String) throws -> String {
        if Files.isDirectory(path) {
            return try open(path, needsConfig: false).checkpoints.file(.latest)
        }
        for mark in CheckpointFolder.Mark.allCases
        where "/\(path)".hasSuffix("/checkpoints/\(mark.rawValue)") {
            let run = path.dropLast("checkpoints/\(mark.rawValue)".count)
            let folder = run.isEmpty ? "." : String(run)
            return try open(folder, needsConfig: false).checkpoints.file(mark)
        }
        if Files.exists(path) { return path }
        throw GanymedeError.notFound("there is no run or checkpoint at \(quoted(path))")
    }

    /// The options in `config.json`.
    package func options(_ registry: Registry = .standard) throws -> RunOptions {
        let data = try Files.read(configPath, limit: RunOptions.fileLimit)
        return try JSON.decode(
            RunOptions.self, from: data, quoted(configPath), registry: registry)
    }

    /// The digest of the data that the run began with.
    func dataDigest() throws -> String {
        struct Config: Decodable {
            let dataSha256: String
        }
        let content = try Files.read(configPath, limit: RunOptions.fileLimit)
        return try JSON.decode(Config.self, from: content, quoted(configPath)).dataSha256
    }

    /// The reports of its steps so far.
    func journal() throws -> [StepReport] {
        Files.exists(journalPath) ? try Journal.read(journalPath) : []
    }

    /// The report of its last step so far; nil if there is none.
    package func lastReport() throws -> StepReport? { try journal().last }

    /// Writes the options, with the plan, the digest of the data, the instruction set and versions.
    func writeConfig(_ options: RunOptions, plan: Plan, dataDigest: String) throws {
        var fields = try options.recorded()
        fields["data_sha256"] = .string(dataDigest)
        fields["plan"] = try JSONValue(encoding: plan)
        fields["isa"] = .string(DNN.instructionSet)
        fields["versions"] = .object([
            "ganymede": .string(GanymedeLibrary.version), "onednn": .string(DNN.version),
        ])
        let data = try JSON.encoder(pretty: true).encode(JSONValue.object(fields)) + Data("\n".utf8)
        if Files.exists(configPath), try Files.read(configPath) == data { return }
        try Files.writeAtomically(configPath, [data])
    }

    func writeSample(_ raster: Raster, name: String) throws {
        try Files.writeAtomically(samplePath(name), [raster.png()])
    }

    /// A saved grid, such as `step-000200` or `real`.
    func sample(_ name: String, channels: Int) throws -> Raster {
        try Raster(png: Files.read(samplePath(name)), channels: channels, samplePath(name))
    }

    /// The steps with a grid of samples, ascending. If there are more than `limit`, that many evenly spaced ones, with
    /// the first and the last.
    func sampleSteps(atMost limit: Int = .max) throws -> [Int] {
        let steps = try Files.list(samplesPath).compactMap { name -> Int? in
            guard let step = Int(name.dropFirst(5).dropLast(4)), step >= 0,
                name == RunDirectory.stepName(step) + ".png"
            else { return nil }
            return step
        }.sorted()
        let count = min(steps.count, limit)
        return (0..<count).map { steps[$0 * (steps.count - 1) / max(count - 1, 1)] }
    }

    /// Removes grids of later steps, after a run went back to a checkpoint.
    func removeSamples(after step: Int) throws {
        for later in try sampleSteps() where later > step {
            try Files.remove(samplePath(RunDirectory.stepName(later)))
        }
    }

    /// Evenly spaced sample grids, each above a caption with its step, at most `limit`. All have one size.
    func frames(atMost limit: Int, channels: Int) throws -> [Raster] {
        let frames = try sampleSteps(atMost: limit).map { step in
            let grid = try sample(RunDirectory.stepName(step), channels: channels)
            // Noise does not compress, so large grids are not enlarged.
            let shown = max(grid.height, grid.width) > 400 ? grid.halved : grid
            return try shown.captioned("step \(grouped(step))")
        }
        return frames.filter { ($0.width, $0.height) == (frames.last?.width, frames.last?.height) }
    }

    /// Joins up to 60 evenly spaced sample grids into `progress.gif`, about ten seconds long.
    func writeProgress(channels: Int) throws {
        let frames = try frames(atMost: 60, channels: channels)
        if frames.isEmpty { return }
        let hundredths = min(max(1000 / frames.count, 15), 40)
        try Files.writeAtomically(
            gifPath, [Raster.gif(frames, hundredths: hundredths, ends: 150, greys: 32)])
    }
}

/// The library. A type named like its module would prevent qualified names of the module's types.
public enum GanymedeLibrary {
    /// Its version.
    public static let version = "0.1.0"
}
