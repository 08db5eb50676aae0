import Engine
import Foundation
import Ganymede
import Synchronization

/// A run that the studio shows: one that this process trains, or one in a folder.
final class StudioRun: Sendable {
    let directory: RunDirectory
    /// Steers the run, if this process trains it.
    let control: RunControl?
    /// What the journal says so far.
    let history: StudioHistory
    private let loaded = Mutex(Loaded())

    /// Why its training ended with an error; nil if it did not.
    var fault: String? { loaded.withLock { $0.fault } }
    func fail(_ reason: String) { loaded.withLock { $0.fault = reason } }

    private struct Loaded {
        var fault: String?
        var checkpoint: Int?
        var inspector: Inspector?
        var dataset: Dataset?
        var shares: [String: Double]?
    }

    init(_ path: String, control: RunControl? = nil) throws {
        directory = try RunDirectory.open(path)
        self.control = control
        history = StudioHistory(directory)
        _ = try directory.options()
    }

    /// The options that the run was started with.
    func options() throws -> RunOptions { try directory.options() }

    /// A look into the newest networks: those that train here, or the latest checkpoint.
    func inspector() throws -> Inspector {
        if let inspector = control?.inspector { return inspector }
        let step = try directory.checkpointSteps().last
        if let found = loaded.withLock({ $0.checkpoint == step ? $0.inspector : nil }) {
            return found
        }
        let inspector = try Inspector.load(directory.path)
        loaded.withLock { ($0.checkpoint, $0.inspector) = (step, inspector) }
        return inspector
    }

    /// The step of the networks that ``inspector()`` looks into.
    func inspectedStep() throws -> Int? {
        control?.inspector == nil ? try directory.checkpointSteps().last : history.lastStep
    }

    /// The share of a training step's time that each layer of a network takes, by its name; empty where it cannot be
    /// measured. Measured once, on a copy of the networks; what trains waits meanwhile.
    func shares(of player: StepBuilder.Player) throws -> [String: Double] {
        var options = try options()
        let known = loaded.withLock { $0.shares }
        if known == nil { options.training.steps = 5 }
        let all = known ?? ((try? Benchmark(options).layerShares()) ?? [:])
        loaded.withLock { $0.shares = all }
        let network = player == .generator ? options.gan.generator : options.gan.discriminator
        return Dictionary(
            uniqueKeysWithValues: network.layerNames.map {
                ($0, all["\(network.name).\($0)"] ?? 0)
            })
    }

    /// The training data, which is loaded when it is needed first.
    func dataset() throws -> Dataset {
        if let dataset = control?.dataset ?? loaded.withLock({ $0.dataset }) { return dataset }
        let options = try options()
        let dataset = try options.source.load(size: options.size, channels: options.channels)
        loaded.withLock { $0.dataset = dataset }
        return dataset
    }

    /// What the folder holds besides the journal.
    struct Watched {
        /// The steps with a grid of samples.
        var samples: [Int] = []
        /// What ails the run, by its record.
        var findings: [Doctor.Finding] = []
        /// The step of the last measurement of its health.
        var measured: Int?
        var isThere = true
        fileprivate var health: Int?
        fileprivate var lastRead = Date.distantPast
    }

    private let watched = Mutex(Watched())
    private static let secondsBetweenReads = 0.35

    /// What the folder holds; read at most some times a second, however many pages are open.
    func watch() -> Watched {
        watched.withLock { found in
            let now = Date()
            if now.timeIntervalSince(found.lastRead) < StudioRun.secondsBetweenReads {
                return found
            }
            found.lastRead = now
            found.isThere = Files.exists(directory.path)
            // A run that vanished keeps what was read.
            if let samples = try? directory.savedSamples() { found.samples = samples }
            let health = directory.healthModified
            if health != found.health, let doctor = try? Doctor(directory.path) {
                (found.health, found.findings) = (health, doctor.findings)
                found.measured = doctor.signals.last?.step
            }
            return found
        }
    }
}

/// What the page knows of a run before it follows the journal.
struct StudioFacts: Encodable {
    let index: Int
    let name, path: String
    let preset: String?
    let steps, batch: Int
    let isLive: Bool
    let width, height, channels: Int?
    let makesPoints, isRelative: Bool
    let classes: [String]
    let latent: Int
    let rows, columns: Int
    /// The steps at which it can be forked.
    let checkpoints: [Int]
    /// Numbers, switches and names of the GAN that may change while it trains, by their paths.
    let scalars: [String: JSONValue]
    let options: [String: String]

    init(_ run: StudioRun, index: Int) throws {
        let options = try run.control?.options ?? run.options()
        let leaves = try JSONValue(encoding: options).leaves
        self.index = index
        name = run.directory.name
        path = run.directory.path
        preset = options.preset
        steps = options.training.steps
        batch = options.training.batch
        isLive = run.control != nil
        (width, height, channels) = (options.size, options.size, options.channels)
        (makesPoints, isRelative) = (options.gan.makesPoints, options.gan.loss.isRelative)
        classes = options.classNames ?? (0..<(options.gan.classes ?? 0)).map(String.init)
        latent = options.gan.generator.input.reduce(1, *)
        (rows, columns) = (options.training.grid[0], options.training.grid[1])
        checkpoints = (try? run.directory.checkpointSteps()) ?? []
        scalars = StudioFacts.scalars(leaves)
        self.options = leaves.mapValues(\.text)
    }

    /// What the page offers to change. A schedule is replaced by a number, and shown as its first value.
    private static func scalars(_ leaves: [String: JSONValue]) -> [String: JSONValue] {
        var found = leaves.filter { maySteer($0.key, $0.value) }
        for (key, value) in found where key.hasSuffix(".from") {
            let schedule = String(key.dropLast(5))
            for part in ["from", "to", "start", "end"] { found["\(schedule).\(part)"] = nil }
            found[schedule] = value
        }
        return found
    }

    /// Whether the page offers an option to change: a number of the loss, a penalty or an optimizer.
    private static func maySteer(_ key: String, _ value: JSONValue) -> Bool {
        guard key.hasPrefix("gan."), !key.contains(".layers."), !key.hasSuffix(".input"),
            !key.hasSuffix("packing")
        else { return false }
        switch value {
        case .integer, .number, .bool: return true
        default: return false
        }
    }
}
