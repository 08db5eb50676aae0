import Foundation
import Ganymede
import TestSupport
import Testing

/// A run that is killed, or whose disk fails, at every call that changes its folder: resumed, it is the run that was
/// never disturbed. `make torture` tries all calls, `make test` some.
@Suite(.serialized, .timeLimit(.minutes(60)))
struct CrashTests {
    private let folder: TemporaryFolder

    /// What the run that is disturbed does besides training.
    enum Kind: String, CaseIterable {
        /// Pictures, checkpoints, measurements of its health.
        case plain
        /// Metrics, a best checkpoint, milestones.
        case evaluated
        /// A rollback.
        case diverging

        /// Calls that are tried at most. Evaluations take a second each, and change the folder as the plain run does.
        var most: Int { self == .plain ? .max : 120 }

        var options: [String] {
            let common =
                small + [
                    "--checkpoint-every", "2", "--sample-every", "3", "--batch", "8", "--precision",
                    "f32", "--quiet",
                ]
            let own =
                switch self {
                case .plain:
                    [
                        "--steps", "6", "--metrics-every", "0", "--set", "health_every=2", "--keep",
                        "2",
                    ]
                case .evaluated:
                    [
                        "--steps", "6", "--metrics-every", "2", "--set", "metrics_samples=1000",
                        "--set", "milestones=[1,3]", "--keep", "1",
                    ]
                case .diverging:
                    [
                        "--steps", "7", "--metrics-every", "0", "--optimizer", "sgd",
                        "--learning-rate", "0.5", "--on-nan", "rollback",
                    ]
                }
            return common + own
        }
    }

    init() throws { folder = try TemporaryFolder() }

    // MARK: Kills

    @Test(arguments: Kind.allCases)
    func killsWhileTraining(kind: Kind) throws {
        let (whole, calls) = try undisturbed(kind)
        #expect(calls.count > 100)
        for call in Torture.some(1...calls.count, kind == .plain ? 12 : 4, most: kind.most) {
            for fault in calls[call - 1] == "write" ? ["kill", "torn"] : ["kill"] {
                let place = "\(fault) at call \(call) of training, \(calls[call - 1])"
                let hit = try train("run", kind, Fault(fault, at: call))
                #expect(hit.code == -SIGKILL, "\(place)")
                try finish("run", kind, whole, place)
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func killsWhileResuming(kind: Kind) throws {
        let (whole, calls) = try undisturbed(kind)
        // A run that was killed after its second checkpoint.
        let last = try #require(calls.lastIndex(of: "rename"))
        _ = try train("begun", kind, Fault("kill", at: last - 40))
        func resume(_ fault: Fault) throws -> Command.Result {
            try? FileManager.default.removeItem(atPath: "\(folder.path)/run")
            try FileManager.default.copyItem(
                atPath: "\(folder.path)/begun", toPath: "\(folder.path)/run")
            return try command(["resume", "run", "--quiet"], "run", fault)
        }
        let log = "\(folder.path)/calls"
        _ = try resume(Fault("kill", at: 0, log: log))
        let resumed = try lines(log)
        for call in Torture.some(1...resumed.count, kind == .plain ? 8 : 3, most: kind.most) {
            let hit = try resume(Fault("kill", at: call))
            #expect(hit.code == -SIGKILL)
            try finish("run", kind, whole, "kill at call \(call) of a resume, \(resumed[call - 1])")
        }
    }

    @Test func killsAtRandomInstants() throws {
        let (whole, _) = try undisturbed(.plain)
        var numbers = TestNumbers(seed: 15)
        for number in 0..<(Torture.isLong ? 1000 : 6) {
            let running = try Command.start(
                ["train", "--out", "run"] + Kind.plain.options, in: folder.path)
            usleep(useconds_t(numbers.next() % 250_000))
            running.kill()
            _ = running.wait()
            try finish("run", .plain, whole, "random kill \(number)")
        }
    }

    // MARK: Faults of the disk

    /// One call fails: the run goes on, and nothing is missing; or it says that it cannot.
    @Test(arguments: ["eio", "enospc", "short"])
    func oneCallFails(kind: String) throws {
        let (whole, calls) = try undisturbed(.plain)
        for call in Torture.some(1...calls.count, 8) {
            let place = "\(kind) at call \(call), \(calls[call - 1])"
            let hit = try train("run", .plain, Fault(kind, at: call))
            if hit.code == 0 {
                #expect(try RunState("\(folder.path)/run") == whole, "\(place)")
            } else {
                // The rest of a write that was cut short is always written.
                #expect(kind != "short", "\(place): \(hit)")
                #expect(hit.code == 1 && hit.errors.contains("ganymede: "), "\(place): \(hit)")
            }
            try finish("run", .plain, whole, place)
        }
    }

    /// Every call from one on fails: the run ends with the reason, and what was saved is whole.
    @Test(arguments: ["eio", "enospc"])
    func theDiskFails(kind: String) throws {
        let (whole, calls) = try undisturbed(.plain)
        for call in Torture.some(1...calls.count, 5) {
            let place = "\(kind) from call \(call) on, \(calls[call - 1])"
            let hit = try train("run", .plain, Fault(kind, at: call, until: .max))
            if hit.code == 0 {
                // Such as a last close, after everything is on disk.
                #expect(try RunState("\(folder.path)/run") == whole, "\(place)")
            } else {
                #expect(
                    hit.errors.contains(kind == "eio" ? "Input/output error" : "No space left"),
                    "\(place): \(hit.errors)")
            }
            try finish("run", .plain, whole, place)
        }
    }

    /// While the disk is full, training goes on and says how long it can; afterwards nothing is missing.
    @Test func aFullDiskIsWaitedFor() throws {
        let (whole, calls) = try undisturbed(.plain)
        let checkpoint = try #require(
            calls.indices.dropFirst(calls.count / 2).first { calls[$0] == "fsync" })
        let hit = try train(
            "run", .plain, Fault("enospc", at: checkpoint + 1, until: checkpoint + 4, patience: 60))
        #expect(hit.code == 0)
        #expect(
            hit.errors.contains(
                "No space left on device. Training goes on, and what cannot be saved waits in memory"
            ))
        #expect(hit.errors.contains("the disk can be written again: everything is saved"))
        #expect(try RunState("\(folder.path)/run") == whole)
    }

    /// While the end of a run waits for the disk, a second Ctrl-C leaves at once. What was saved is whole.
    @Test func aSecondInterruptLeaves() throws {
        let (whole, calls) = try undisturbed(.plain)
        let fault = Fault("enospc", at: calls.count / 2, until: .max, patience: 600)
        try? FileManager.default.removeItem(atPath: "\(folder.path)/run")
        let running = try Command.start(
            ["train", "--out", "run"] + Kind.plain.options, in: folder.path,
            environment: environment(fault, "run"))
        while running.isRunning && !running.errorsSoFar.contains("waits in memory") { usleep(500) }
        running.interrupt()
        while running.isRunning && running.catches(SIGINT) { usleep(500) }
        running.interrupt()
        #expect(running.wait().code == -SIGINT)
        try finish("run", .plain, whole, "a second Ctrl-C")
    }

    // MARK: Helpers

    private struct Fault {
        var environment: [String: String]

        init(
            _ kind: String, at call: Int, until: Int? = nil, log: String? = nil,
            patience: Double = 0.2
        ) {
            environment = [
                "FAULT_KIND": kind, "FAULT_AT": "\(call)",
                "GANYMEDE_DISK_PATIENCE": "\(patience)",
            ]
            environment["FAULT_UNTIL"] = until.map { "\($0)" }
            environment["FAULT_LOG"] = log
        }
    }

    private func environment(_ fault: Fault, _ run: String) throws -> [String: String] {
        fault.environment.merging([
            "LD_PRELOAD": try Torture.shim.get(), "FAULT_ROOT": "\(folder.path)/\(run)",
        ]) { $1 }
    }

    private func command(
        _ arguments: [String], _ run: String, _ fault: Fault
    ) throws -> Command.Result {
        try Command.run(
            arguments, in: folder.path, environment: environment(fault, run), limit: 120)
    }

    private func train(_ run: String, _ kind: Kind, _ fault: Fault) throws -> Command.Result {
        try? FileManager.default.removeItem(atPath: "\(folder.path)/\(run)")
        return try command(["train", "--out", run] + kind.options, run, fault)
    }

    private func lines(_ path: String) throws -> [String] {
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            String($0.split(separator: " ")[1])
        }
    }

    /// An undisturbed run, and the names of the calls that it makes.
    private func undisturbed(_ kind: Kind) throws -> (RunState, calls: [String]) {
        let alone = try Command.run(["train", "--out", "whole"] + kind.options, in: folder.path)
        #expect(alone.code == 0, "\(alone.errors)")
        let whole = try RunState("\(folder.path)/whole")
        let log = "\(folder.path)/calls"
        let made = try train("run", kind, Fault("kill", at: 0, log: log))
        #expect(made.code == 0 && !made.errors.contains("ganymede:"), "\(made.errors)")
        #expect(try RunState("\(folder.path)/run") == whole)
        return (whole, try lines(log))
    }

    /// Resumes a disturbed run, or begins it again if it has no configuration yet, and compares it with the whole one.
    private func finish(
        _ run: String, _ kind: Kind, _ whole: RunState, _ place: String
    ) throws {
        let isBegun = Files.exists("\(folder.path)/\(run)/config.json")
        let result = try Command.run(
            isBegun ? ["resume", run, "--quiet"] : ["train", "--out", run] + kind.options,
            in: folder.path)
        #expect(result.code == 0, "\(place): \(result.errors)")
        let found = try RunState("\(folder.path)/\(run)")
        #expect(found == whole, "\(place): \(found.differences(whole))")
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(run)")
    }
}
