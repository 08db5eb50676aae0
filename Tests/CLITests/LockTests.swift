import Foundation
import Ganymede
import TestSupport
import Testing

/// A run is locked by one process at a time, and its journal grows during training.
@Suite(.serialized, .timeLimit(.minutes(60)))
struct LockTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func text(_ path: String) -> String {
        (try? String(contentsOfFile: "\(folder.path)/\(path)", encoding: .utf8)) ?? ""
    }

    /// Starts a run that continues until it is stopped, and waits for its first lines.
    private func start(_ out: String) throws -> Command.Running {
        let running = try Command.start(
            ["train"] + small + [
                "--steps", "1000000", "--sample-every", "1000000", "--metrics-every", "0", "--out",
                out, "--precision", "f32",
            ], in: folder.path)
        while running.isRunning && text("\(out)/journal.jsonl").isEmpty { usleep(1000) }
        return running
    }

    @Test func theSecondIsRefused() throws {
        let running = try start("run")
        defer { _ = running.wait() }
        let holder = "the run run is being trained by process \(running.identifier) on "
        for arguments in [
            ["resume", "run"], ["resume", "run", "--steps", "3"],
            ["resume", "./run/", "--threads", "1", "--quiet"], ["resume", "run", "--fall-back"],
            ["resume", "run", "--rebuild-journal"],
        ] {
            let second = try Command.run(arguments, in: folder.path)
            #expect(second.code == 1, "\(arguments)")
            #expect(second.errors.contains("is being trained by process \(running.identifier) on "))
        }
        let resumed = try Command.run(["resume", "run"], in: folder.path)
        #expect(resumed.errors.hasPrefix("ganymede: \(holder)"), "\(resumed.errors)")
        #expect(resumed.errors.hasSuffix(": wait for it, or stop it\n"))
        for more in [[], ["--overwrite"]] {
            let again = try Command.run(
                ["train"] + small + ["--steps", "2", "--out", "run"] + more, in: folder.path)
            #expect(again.code == 1 && again.errors.hasPrefix("ganymede: the folder run "))
        }
        // Commands that only read do not need the lock.
        for reading in [
            ["report", "run"], ["doctor", "run"], ["generate", "run", "-o", "a.png"],
            ["verify", "run", "--steps", "1"],
        ] {
            let result = try Command.run(reading, in: folder.path)
            #expect(result.code == 0, "\(reading): \(result.errors)")
        }
        let page = text("run/report.html")
        #expect(page.contains(" steps of 32 images") && !page.contains(">0 steps"))
        running.interrupt()
    }

    /// Two commands that begin at the same moment on one run, in every combination: each succeeds, or one says who holds
    /// the run; the run is whole afterwards.
    @Test func everyTwoVerbs() throws {
        let verbs = [
            ["train", "--out", "run"] + small + [
                "--steps", "30", "--metrics-every", "0", "--quiet",
            ],
            ["resume", "run", "--steps", "60", "--quiet"], ["report", "run"], ["doctor", "run"],
            ["generate", "run", "-o", "samples.png"],
            ["interpolate", "run", "--seeds", "0,1", "-o", "between.gif"],
            ["evaluate", "run", "--samples", "300"], ["verify", "run", "--steps", "5"],
            ["compare", "run", "begun", "--samples", "300", "-o", "table.html"],
        ]
        let made = try Command.run(
            ["train", "--out", "begun"] + small + [
                "--steps", "30", "--metrics-every", "0", "--checkpoint-every", "10", "--quiet",
            ], in: folder.path)
        try #require(made.code == 0, "\(made.errors)")
        let pairs = verbs.indices.flatMap { a in verbs.indices.map { (verbs[a], verbs[$0]) } }
        for index in Torture.some(0...pairs.count - 1, 9) {
            let pair = pairs[index]
            let names = "\(pair.0[0]) and \(pair.1[0])"
            try? FileManager.default.removeItem(atPath: "\(folder.path)/run")
            if pair.0[0] != "train" || pair.1[0] != "train" {
                try FileManager.default.copyItem(
                    atPath: "\(folder.path)/begun", toPath: "\(folder.path)/run")
            }
            let both = try [pair.0, pair.1].map { try Command.start($0, in: folder.path) }
            let results = both.map { $0.wait() }
            #expect(results.contains { $0.code == 0 } || names.contains("train"), "\(names)")
            for result in results where result.code != 0 {
                let isExplained = ["is being trained by", "is not empty", "stopped before"]
                    .contains { result.errors.contains($0) }
                #expect(result.code == 1 && isExplained, "\(names): \(result.errors)")
            }
            let steps = text("run/journal.jsonl").split(separator: "\n").count
            #expect(steps == (names.contains("resume") ? 60 : 30), "\(names)")
            let resumed = try Command.run(["resume", "run", "--steps", "61"], in: folder.path)
            #expect(resumed.code == 0, "\(names): \(resumed.errors)")
            let verified = try Command.run(["verify", "run"], in: folder.path)
            #expect(verified.code == 0, "\(names): \(verified.errors)")
        }
    }

    /// Reports are in the file within a second: it grows several times in a few seconds.
    @Test func theJournalGrows() throws {
        let running = try start("run")
        let end = Date().addingTimeInterval(5)
        var sizes: Set<Int> = []
        while running.isRunning && Date() < end && sizes.count < 4 {
            sizes.insert(Files.status("\(folder.path)/run/journal.jsonl")?.size ?? 0)
            usleep(10_000)
        }
        running.interrupt()
        #expect(running.wait().code == 130)
        #expect(sizes.count == 4, "\(sizes)")
    }

    /// The lock is released when its process ends in any way, and the journal of a killed run has each step once.
    @Test func aKilledRunIsFree() throws {
        let running = try start("run")
        let seen = text("run/journal.jsonl").split(separator: "\n").count
        #expect(seen > 0)
        running.kill()
        #expect(running.wait().code == -SIGKILL)
        #expect(text("run/checkpoints/latest") == "step-000000.safetensors\n")
        #expect(text("run/journal.jsonl").split(separator: "\n").count >= seen)
        let resumed = try Command.run(["resume", "run", "--steps", "40"], in: folder.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(resumed.errors.isEmpty)
        let steps = try text("run/journal.jsonl").split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return (object as? [String: Any])?["step"] as? Int
        }
        #expect(steps == Array(1...40))
    }

    /// Two runs that start at the same moment without a name get different names.
    @Test func namesAreTakenOnce() throws {
        let both = try (0..<4).map { _ in
            try Command.start(
                ["train"] + small + ["--steps", "2", "--metrics-every", "0", "--quiet"],
                in: folder.path)
        }
        for running in both {
            let result = running.wait()
            #expect(result.code == 0, "\(result.errors)")
        }
        let names = try Files.list("\(folder.path)/runs")
        #expect(names == ["mlp-001", "mlp-002", "mlp-003", "mlp-004"])
        for name in names {
            #expect(text("runs/\(name)/journal.jsonl").split(separator: "\n").count == 2)
        }
    }

    /// A damaged line loses that line only: the rest of the history and the best checkpoint stay.
    @Test func historyStays() throws {
        let run =
            ["train"] + small + [
                "--steps", "60", "--metrics-every", "20", "--set", "metrics_samples=1000", "--out",
                "run", "--quiet",
            ]
        let first = try Command.run(run, in: folder.path)
        try #require(first.code == 0, "\(first.errors)")
        var lines = text("run/journal.jsonl").split(separator: "\n").map(String.init)
        try #require(lines.count == 60)
        let best = text("run/checkpoints/best")
        // A crash between a checkpoint and its mark.
        try folder.write("run/checkpoints/best", Data("step-000020.safetensors\n".utf8))
        lines.insert("garbage", at: 9)
        let damaged = lines.joined(separator: "\n") + "\n"
        try folder.write("run/journal.jsonl", Data(damaged.utf8))
        let fault = "run/journal.jsonl: line 10, column 1: it does not begin with {"
        let refused = try Command.run(["resume", "run", "--steps", "61"], in: folder.path)
        #expect(
            refused.errors
                == "ganymede: \(fault). To resume without what cannot be read: --rebuild-journal\n")
        #expect(text("run/journal.jsonl") == damaged)
        let resumed = try Command.run(
            ["resume", "run", "--rebuild-journal", "--quiet"], in: folder.path)
        #expect(resumed.code == 0)
        #expect(
            resumed.errors
                == "note: \(fault). The lines that can be read were kept, and the file as it was is run/journal.jsonl.damaged\n"
        )
        let kept = text("run/journal.jsonl").split(separator: "\n").map(String.init)
        lines.remove(at: 9)
        #expect(kept == lines)
        #expect(text("run/journal.jsonl.damaged") == damaged)
        #expect(text("run/checkpoints/best") == best)
    }
}
