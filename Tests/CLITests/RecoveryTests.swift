import Foundation
import Ganymede
import TestSupport
import Testing

/// What the command says and does about a run that was disturbed.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct RecoveryTests {
    private let folder: TemporaryFolder
    private let short =
        small + [
            "--steps", "6", "--checkpoint-every", "2", "--batch", "8", "--metrics-every", "0",
            "--precision", "f32", "--quiet",
        ]

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) throws -> Command.Result {
        try Command.run(arguments, in: folder.path)
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(folder.path)/\(path)", encoding: .utf8)
    }

    private func train(_ more: [String] = []) throws {
        let made = try run(["train", "--out", "run"] + short + more)
        #expect(made.code == 0, "\(made.errors)")
    }

    // MARK: The first second

    /// What a kill before the first checkpoint leaves can be resumed from step 0, or begun anew.
    @Test func aRunWithoutACheckpoint() throws {
        try train()
        let whole = try RunState("\(folder.path)/run")
        func strip() throws {
            for name in try Files.list("\(folder.path)/run") where name != "config.json" {
                try FileManager.default.removeItem(atPath: "\(folder.path)/run/\(name)")
            }
        }
        try strip()
        let refused = try run(["train", "--out", "run"] + short)
        #expect(refused.code == 1)
        #expect(
            refused.errors
                == "ganymede: the folder run holds a run that was stopped before its first checkpoint: go on with ganymede resume run, or begin anew with --overwrite\n"
        )
        let resumed = try run(["resume", "run", "--quiet"])
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(try RunState("\(folder.path)/run") == whole)
        try strip()
        let anew = try run(["train", "--out", "run", "--overwrite"] + short)
        #expect(anew.code == 0, "\(anew.errors)")
        #expect(try RunState("\(folder.path)/run") == whole)
        // A run that has checkpoints is never overwritten.
        let kept = try run(["train", "--out", "run", "--overwrite"] + short)
        #expect(kept.code == 1 && kept.errors.contains("is not empty; to resume the run in it"))
        #expect(try RunState("\(folder.path)/run") == whole)
    }

    /// A run with a history whose checkpoints are gone is not begun again, and its history stays.
    @Test func checkpointsThatAreGone() throws {
        try train()
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/run/checkpoints", toPath: "\(folder.path)/moved")
        let journal = try text("run/journal.jsonl")
        let resumed = try run(["resume", "run"])
        #expect(
            resumed.code == 1
                && resumed.errors.contains(
                    "the checkpoints of run are gone, though the run has a history"),
            "\(resumed.errors)")
        let anew = try run(["train", "--out", "run", "--overwrite"] + short)
        #expect(anew.code == 1 && anew.errors.contains("is not empty"), "\(anew.errors)")
        #expect(try text("run/journal.jsonl") == journal)
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/moved", toPath: "\(folder.path)/run/checkpoints")
        #expect(try run(["resume", "run", "--steps", "7", "--quiet"]).code == 0)
    }

    /// A configuration that is damaged, is not the run's any more or is gone is named, and restored from the newest good
    /// checkpoint.
    @Test func damagedConfigurations() throws {
        try train()
        let config = try text("run/config.json")
        let before = try RunState("\(folder.path)/run")
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/run", toPath: "\(folder.path)/begun")
        for (name, damage, said) in [
            ("zeros", { String(repeating: "\0", count: $0.count) }, "run/config.json: "),
            ("an early end", { String($0.prefix($0.count / 2)) }, "run/config.json: "),
            (
                "a flipped bit", { $0.replacing("\"seed\" : 3", with: "\"seed\" : 7") },
                "belongs to other options than run/config.json holds:\n  seed: "
            ),
            ("nothing", { _ in nil }, "run/config.json"),
        ] as [(String, (String) -> String?, String)] {
            try? FileManager.default.removeItem(atPath: "\(folder.path)/run")
            try FileManager.default.copyItem(
                atPath: "\(folder.path)/begun", toPath: "\(folder.path)/run")
            if let damaged = damage(config) {
                #expect(damaged != config)
                try folder.write("run/config.json", Data(damaged.utf8))
            } else {
                try FileManager.default.removeItem(atPath: "\(folder.path)/run/config.json")
            }
            let refused = try run(["resume", "run"])
            #expect(
                refused.code == 1 && refused.errors.contains(said), "\(name): \(refused.errors)")
            #expect(
                refused.errors.hasSuffix(
                    "\nThe options that the run was trained with are in run/checkpoints/step-000006.safetensors: to go on with them: ganymede resume run --fall-back\n"
                ), "\(name): \(refused.errors)")
            let restored = try run(["resume", "run", "--fall-back", "--quiet"])
            #expect(restored.code == 0, "\(name): \(restored.errors)")
            #expect(try text("run/config.json") == config)
            if let damaged = damage(config) {
                #expect(try text("run/config.json.damaged") == damaged)
                try FileManager.default.removeItem(
                    atPath: "\(folder.path)/run/config.json.damaged")
            }
            #expect(try RunState("\(folder.path)/run") == before, "\(name)")
        }
    }

    /// A run of the version before kept all of its checkpoints, and still does.
    @Test func earlierRunsKeepTheirCheckpoints() throws {
        try train(["--keep", "0"])
        let config = try text("run/config.json").replacing("  \"keep\" : 0,\n", with: "")
        #expect(!config.contains("keep"))
        try folder.write("run/config.json", Data(config.utf8))
        #expect(try run(["resume", "run"]).code == 0)
        #expect(try run(["resume", "run", "--steps", "8", "--quiet"]).code == 0)
        let files = try Files.list("\(folder.path)/run/checkpoints")
        #expect(files.filter { $0.hasSuffix(".safetensors") }.count == 5)
    }

    /// A lock and temporary files are no run.
    @Test func aFolderWithLeftovers() throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/run", withIntermediateDirectories: true)
        try folder.write("run/.lock", Data())
        try folder.write("run/config.json.partial-999999999", Data("{".utf8))
        try train()
        #expect(!Files.exists("\(folder.path)/run/config.json.partial-999999999"))
    }

    // MARK: The journal

    @Test func damagedJournals() throws {
        try train()
        let whole = try text("run/journal.jsonl")
        var lines = whole.split(separator: "\n").map { "\($0)\n" }
        let place = "ganymede: run/journal.jsonl: line 3, column "
        for (name, damage, said) in [
            ("garbage", { $0[2] = "garbage\n" }, place),
            (
                "NUL bytes", { $0[2] = "{\"step\":\u{0}\u{0}}\n" },
                place + "9: a byte that is no text"
            ),
            ("a doubled line", { $0[2] = $0[1] }, place + "1: step 2, which is not after step 2"),
            ("a missing line", { $0.remove(at: 2) }, place + "1: step 4, and step 3 is missing"),
            ("a lost end", { $0.removeLast(4) }, place + "1: the steps 3 to 6 are missing"),
            (
                "a byte order mark", { $0[0] = "\u{FEFF}" + $0[0] },
                "line 1, column 1: it does not begin with {"
            ),
        ] as [(String, (inout [String]) -> Void, String)] {
            var damaged = lines
            damage(&damaged)
            try folder.write("run/journal.jsonl", Data(damaged.joined().utf8))
            let refused = try run(["resume", "run", "--steps", "8"])
            #expect(
                refused.code == 1 && refused.errors.contains(said), "\(name): \(refused.errors)")
            #expect(refused.errors.contains("--rebuild-journal"))
        }
        try folder.write("run/journal.jsonl", #require(whole.data(using: .utf16LittleEndian)))
        let wide = try run(["resume", "run", "--steps", "8"])
        #expect(wide.code == 1 && wide.errors.contains("line 1, column 2: a byte that is no text"))
        try FileManager.default.removeItem(atPath: "\(folder.path)/run/journal.jsonl")
        let missing = try run(["resume", "run", "--steps", "8"])
        #expect(
            missing.code == 1 && missing.errors.contains("the steps 1 to 6 are missing"),
            "\(missing.errors)")

        lines[2] = "garbage\n"
        try folder.write("run/journal.jsonl", Data(lines.joined().utf8))
        let rebuilt = try run(["resume", "run", "--steps", "8", "--rebuild-journal", "--quiet"])
        #expect(
            rebuilt.code == 0 && rebuilt.errors.contains("journal.jsonl.damaged"),
            "\(rebuilt.errors)")
        #expect(try text("run/journal.jsonl").split(separator: "\n").count == 7)
        // What is missing is known from now on.
        let again = try run(["resume", "run", "--steps", "9", "--quiet"])
        #expect(again.code == 0, "\(again.errors)")
        // Only that: another line that is lost later is not.
        var rest = try text("run/journal.jsonl").split(separator: "\n").map { "\($0)\n" }
        rest.remove(at: 4)
        try folder.write("run/journal.jsonl", Data(rest.joined().utf8))
        let lost = try run(["resume", "run", "--steps", "10", "--quiet"])
        #expect(lost.code == 1 && lost.errors.contains("step 6 is missing"), "\(lost.errors)")
    }

    // MARK: Nothing left to do

    /// A resume without steps puts in order what a crash left.
    @Test func resumingAFinishedRun() throws {
        try train()
        let whole = try RunState("\(folder.path)/run")
        let journal = try text("run/journal.jsonl")
        let later =
            journal.split(separator: "\n").last.map {
                $0.replacing("\"step\":6", with: "\"step\":7")
            } ?? ""
        try folder.write("run/journal.jsonl", Data((journal + later + "\n{\"step\":8").utf8))
        try folder.write("run/samples/step-000009.png", Data())
        try folder.write("run/checkpoints/latest", Data("step-000004.safetensors\n".utf8))
        try folder.write("run/checkpoints/step-000008.safetensors.partial-999999999", Data())
        try FileManager.default.removeItem(atPath: "\(folder.path)/run/report.html")
        let resumed = try run(["resume", "run"])
        #expect(resumed.code == 0 && resumed.output == "run is already at step 6: nothing to do\n")
        #expect(try RunState("\(folder.path)/run") == whole)
    }

    // MARK: Options

    @Test func keptCheckpoints() throws {
        func steps() throws -> [String] {
            try Files.list("\(folder.path)/run/checkpoints").filter { $0.hasSuffix(".safetensors") }
        }
        try train(["--keep", "1", "--set", "milestones=[3]"])
        #expect(try steps() == ["step-000003.safetensors", "step-000006.safetensors"])
        #expect(try run(["resume", "run", "--steps", "10", "--keep", "0", "--quiet"]).code == 0)
        #expect(try steps().count == 4)
        #expect(try run(["train", "--keep", "\(Int.max)", "--out", "all"] + short).code == 0)
        let wrong = try run(["train", "--keep=-1", "--out", "other"] + short)
        #expect(
            wrong.code == 64 && wrong.errors == "ganymede: --keep is at least 0, not -1\n",
            "\(wrong.errors)")
    }

    /// Data that was moved is found with --data, if it is the same data.
    @Test func movedData() throws {
        func write(_ name: String, shade: UInt8) throws {
            var bytes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 0, 28, 0, 0, 0, 28]
            for index in 0..<64 * 784 {
                bytes.append(UInt8(truncatingIfNeeded: index * 7) &+ shade)
            }
            try folder.write(name, Data(bytes))
        }
        try write("a-idx3-ubyte", shade: 0)
        try train(["--data", "a-idx3-ubyte"])
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/a-idx3-ubyte", toPath: "\(folder.path)/b-idx3-ubyte")
        let lost = try run(["resume", "run", "--steps", "8", "--quiet"])
        #expect(lost.code == 1 && lost.errors.contains("a-idx3-ubyte"), "\(lost.errors)")
        try write("c-idx3-ubyte", shade: 1)
        let other = try run(["resume", "run", "--steps", "8", "--data", "c-idx3-ubyte"])
        #expect(
            other.code == 1 && other.errors.contains("are not those that the run began with"),
            "\(other.errors)")
        let found = try run(["resume", "run", "--steps", "8", "--data", "b-idx3-ubyte", "--quiet"])
        #expect(found.code == 0, "\(found.errors)")
        #expect(try run(["resume", "run", "--steps", "9", "--quiet"]).code == 0)
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/b-idx3-ubyte", toPath: "\(folder.path)/d-idx3-ubyte")
        #expect(try run(["verify", "run"]).code == 1)
        let same = try run(["verify", "run", "--data", "d-idx3-ubyte"])
        #expect(same.code == 0, "\(same.errors)")
    }

    // MARK: Verify

    @Test func verify() throws {
        try train()
        let before = try RunState("\(folder.path)/run")
        let same = try run(["verify", "run"])
        #expect(same.code == 0, "\(same.errors)")
        #expect(
            same.output.hasPrefix(
                "The same bits: 6 steps' losses, and the checkpoints of steps 0, 2, 4, 6\nSHA-256 of the last one's tensors: "
            ), "\(same.output)")
        let part = try run(["verify", "run", "--steps", "3"])
        #expect(
            part.output.hasPrefix(
                "The same bits: 3 steps' losses, and the checkpoints of steps 0, 2\n"),
            "\(part.output)")
        #expect(try RunState("\(folder.path)/run") == before)
        // A loss that is another.
        let journal = try text("run/journal.jsonl")
        try folder.write(
            "run/journal.jsonl",
            Data(journal.replacing(/("step":4,.*"g_loss":)[0-9.]+/) { "\($0.1)0.25" }.utf8))
        let changed = try run(["verify", "run"])
        #expect(changed.code == 1)
        #expect(
            changed.errors.contains("step 4: g_loss is ")
                && changed.errors.contains("and 0.25 in the journal"), "\(changed.errors)")
        // A checkpoint of another seed, whose hashes are right.
        try folder.write("run/journal.jsonl", Data())
        #expect(
            try run(["train", "--out", "other"] + short + ["--seed", "4"]).code == 0)
        let name = "checkpoints/step-000004.safetensors"
        try folder.write(
            "run/\(name)", Data(contentsOf: URL(filePath: "\(folder.path)/other/\(name)")))
        let other = try run(["verify", "run"])
        #expect(
            other.code == 1 && other.errors.contains("step 4: value 0 of "), "\(other.errors)")
    }

    /// A resume with another number of threads says so, and so does verify.
    @Test func changedConditions() throws {
        try train()
        let resumed = try run(["resume", "run", "--steps", "8", "--threads", "1", "--quiet"])
        let there = "oneDNN \(DNN.version), \(DNN.instructionSet) and 2 threads, here are "
        #expect(
            resumed.code == 0
                && resumed.errors.contains("note: the checkpoint was made with Ganymede ")
                && resumed.errors.contains(there)
                && resumed.errors.hasSuffix(" and 1 thread: the last bits can differ\n"),
            "\(resumed.errors)")
        let verified = try run(["verify", "run", "--steps", "6"])
        #expect(verified.code == 0 && verified.errors.isEmpty, "\(verified.errors)")
        let whole = try run(["verify", "run"])
        #expect(
            whole.errors.contains("note: the steps 7 to 8 were trained with Ganymede "),
            "\(whole.errors)")
    }

    // MARK: NaN

    private func diverging(_ rate: String, steps: Int) -> [String] {
        small + [
            "--steps", "\(steps)", "--checkpoint-every", "2", "--batch", "8", "--metrics-every",
            "0",
            "--precision", "f32", "--optimizer", "sgd", "--learning-rate", rate, "--out", "run",
            "--on-nan", "rollback", "--quiet",
        ]
    }

    /// A run that diverges goes back with half the learning rates, and says so.
    @Test func rollback() throws {
        let made = try run(["train"] + diverging("0.5", steps: 7))
        #expect(made.code == 0, "\(made.errors)")
        #expect(
            made.errors.hasPrefix("note: step 7: NaN or infinity in ")
                && made.errors.hasSuffix(
                    ". Going back to step 6, with half the learning rates (1 of 3 times)\n"),
            "\(made.errors)")
        let lines = try text("run/journal.jsonl").split(separator: "\n")
        #expect(lines.count == 7 && lines[6].contains("\"rollbacks\":1"))
        #expect(!lines[5].contains("rollbacks"))
        let verified = try run(["verify", "run"])
        #expect(
            verified.code == 1
                && verified.errors.contains("the run went back 1 time after NaN or infinity"),
            "\(verified.errors)")
        // A resumed run keeps the lower rates, and a new run with the same options has not gone back.
        #expect(try run(["resume", "run"]).code == 0)
        let anew = try run(["train", "--config", "run/config.json", "--dry-run"])
        #expect(anew.code == 0 && !anew.output.contains("rollbacks"), "\(anew.errors)")
    }

    /// It gives up after three times.
    @Test func noFourthRollback() throws {
        let made = try run(["train"] + diverging("1000", steps: 7))
        #expect(made.code == 1)
        #expect(made.errors.contains("(3 of 3 times)"), "\(made.errors)")
        #expect(
            made.errors.contains("ganymede: step 2: NaN or infinity. The first bad tensor is"),
            "\(made.errors)")
        let wrong = try run(["train", "--on-nan", "retreat", "--out", "x"])
        #expect(wrong.code == 64 && wrong.errors.contains("stop, rollback"), "\(wrong.errors)")
    }
}
