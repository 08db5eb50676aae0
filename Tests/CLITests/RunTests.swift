import Foundation
import Ganymede
import TestSupport
import Testing

/// Options of a small GAN, so that a run takes a second; what has no flag is set by path.
let small = [
    "--preset", "mlp", "--set", "gan.generator.layers.0.units=32", "--set",
    "gan.generator.layers.3.units=48",
    "--set", "gan.generator.layers.6.units=32", "--set", "gan.discriminator.layers.1.units=32",
    "--set", "gan.discriminator.layers.3.units=16", "--threads", "2", "--seed", "3",
]

/// The precisions that this processor supports.
let precisions = DNN.hasBFloat16 ? ["f32", "bf16"] : ["f32"]

/// Runs through the built command.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct RunTests {
    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    func expectSameRun(_ a: String, _ b: String, step: String) throws {
        #expect(
            try trainedTensors("\(a)/checkpoints/\(step).safetensors")
                == trainedTensors("\(b)/checkpoints/\(step).safetensors"))
        #expect(try bytes("\(a)/samples/\(step).png") == bytes("\(b)/samples/\(step).png"))
    }

    func train(_ arguments: [String], in folder: TemporaryFolder) throws {
        let precision = arguments.contains("--precision") ? [] : ["--precision", "f32"]
        let result = try Command.run(
            ["train"] + small + precision + arguments + ["--quiet"], in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
    }

    /// 12 steps and then 8 give the same result as 20, whatever the intervals of samples and checkpoints, and with the
    /// other processor busy.
    @Test(arguments: precisions)
    func resumeIsTheSameRun(precision: String) throws {
        let folder = try TemporaryFolder()
        func train(_ arguments: [String]) throws {
            try self.train(["--precision", precision] + arguments, in: folder)
        }
        try train(["--steps", "20", "--sample-every", "7", "--out", "whole"])
        let busy = try BusyProcessor()
        defer { busy.stop() }
        try train(
            ["--steps", "12", "--sample-every", "5", "--checkpoint-every", "4", "--out", "parts"])
        let resumed = try Command.run(
            ["resume", "parts", "--steps", "20", "--quiet"], in: folder.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        try expectSameRun("\(folder.path)/whole", "\(folder.path)/parts", step: "step-000020")
        let journal = try String(
            contentsOfFile: "\(folder.path)/parts/journal.jsonl", encoding: .utf8)
        #expect(journal.split(separator: "\n").count == 20)

        let again = try Command.run(["resume", "parts", "--steps", "20"], in: folder.path)
        #expect(again.code == 0 && again.output == "parts is already at step 20: nothing to do\n")
    }

    /// The same commands work with the reference backend.
    @Test func theReferenceBackend() throws {
        let folder = try TemporaryFolder()
        let points = [
            "--preset", "toy", "--batch", "4", "--seed", "1", "--precision", "f32",
            "--metrics-every", "0", "--set", "grid=[2,2]", "--set", "milestones=[]", "--set",
            "gan.generator.layers.0.units=6", "--set", "gan.generator.layers.3.units=6", "--set",
            "gan.generator.layers.6.units=6", "--set", "gan.discriminator.layers.0.units=6",
            "--set", "gan.discriminator.layers.2.units=6", "--set",
            "gan.discriminator.layers.4.units=6",
        ]
        func run(_ arguments: [String]) throws -> Command.Result {
            try Command.run(arguments, in: folder.path)
        }
        let slow = try run(
            ["train", "--steps", "2", "--out", "slow", "--backend", "reference"] + points)
        #expect(slow.code == 0 && slow.output.contains(", f32, reference backend"), "\(slow)")
        #expect(try run(["resume", "slow", "--steps", "4", "--quiet"]).code == 0)
        #expect(try run(["train", "--steps", "4", "--out", "fast", "--quiet"] + points).code == 0)
        let stores = try ["slow", "fast"].map { name in
            try Safetensors("\(folder.path)/\(name)/checkpoints/step-000004.safetensors")
        }
        for name in stores[0].names {
            let (a, b) = (try stores[0].tensor(name).values, try stores[1].tensor(name).values)
            #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 }, "\(name)")
        }
        let refused = try run(
            ["train", "--backend", "reference", "--out", "no"]
                + points.map { $0 == "f32" ? "bf16" : $0 })
        #expect(refused.code == 1 && refused.errors.contains("double precision"), "\(refused)")
        let unknown = try run(["train", "--backend", "gpu"])
        #expect(unknown.code == 64 && unknown.errors.contains("Backends: cpu, reference"))
    }

    /// Every preset from the command line, at full width on small images: a resumed run is the same run, and its
    /// results can be used.
    @Test(
        arguments: ["mlp", "dcgan", "dense", "conv-discriminator", "all-conv", "forger"],
        precisions)
    func everyPresetRuns(preset: String, precision: String) throws {
        let folder = try TemporaryFolder()
        func ganymede(_ arguments: [String]) throws {
            let result = try Command.run(arguments, in: folder.path)
            #expect(result.code == 0, "\(arguments): \(result.errors)")
        }
        var numbers = TestNumbers(seed: 4)
        let pixels = (0..<20 * 64).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        try folder.write("images.idx", IDX(shape: [20, 8, 8], bytes: pixels).data)
        let options = [
            "train", "--preset", preset, "--data", "images.idx", "--size", "8", "--batch", "8",
            "--threads", "2", "--quiet", "--precision", precision,
        ]
        try ganymede(options + ["--steps", "3", "--out", "whole"])
        try ganymede(options + ["--steps", "2", "--out", "parts"])
        try ganymede(["resume", "parts", "--steps", "3", "--quiet"])
        try expectSameRun("\(folder.path)/whole", "\(folder.path)/parts", step: "step-000003")
        try ganymede(["generate", "parts", "--seeds", "0-2,\(Int.max)", "-o", "a.png"])
        try ganymede(["interpolate", "parts", "--seeds", "0,1", "--frames", "2", "-o", "a.gif"])
        try ganymede(["report", "parts"])
        for file in ["a.png", "a.gif", "parts/report.html", "parts/curves.png"] {
            #expect(try bytes("\(folder.path)/\(file)").count > 100)
        }
    }

    @Test func sameSeedSameBits() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b"] { try train(["--steps", "15", "--out", name], in: folder) }
        try expectSameRun("\(folder.path)/a", "\(folder.path)/b", step: "step-000015")
        try train(["--steps", "15", "--seed", "4", "--out", "c"], in: folder)
        let step = "checkpoints/step-000015.safetensors"
        #expect(try bytes("\(folder.path)/a/\(step)") != bytes("\(folder.path)/c/\(step)"))
    }

    /// Ctrl-C saves and prints how to resume; the resumed run equals an uninterrupted one.
    @Test func interruptSaves() throws {
        let folder = try TemporaryFolder()
        let running = try Command.start(
            ["train"] + small + [
                "--steps", "1000000", "--sample-every", "1000000", "--out", "run", "--precision",
                "f32",
            ], in: folder.path)
        let checkpoint = "\(folder.path)/run/checkpoints/latest"
        while running.isRunning && !FileManager.default.fileExists(atPath: checkpoint) {
            usleep(1000)
        }
        running.interrupt()
        let result = running.wait()
        #expect(result.code == 130)
        #expect(result.output.contains("To resume: ganymede resume run"))
        let latest = try String(contentsOfFile: checkpoint, encoding: .utf8)
        let digits = try #require(latest.split(separator: "-").last?.split(separator: ".").first)
        let stopped = try #require(Int(digits))
        let steps = "\(stopped + 5)"
        let resumed = try Command.run(
            ["resume", "run", "--steps", steps, "--quiet"], in: folder.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        if stopped < 20_000 {
            try train(["--steps", steps, "--out", "whole"], in: folder)
            let name = "step-" + String(repeating: "0", count: max(6 - steps.count, 0)) + steps
            try expectSameRun("\(folder.path)/whole", "\(folder.path)/run", step: name)
        }
    }

    /// The number of threads may change on resume, and a run that did not finish then resumes with either.
    @Test func threadsMayChange() throws {
        let folder = try TemporaryFolder()
        try train(["--steps", "3", "--out", "run"], in: folder)
        let path = "\(folder.path)/run/config.json"
        let config = try String(contentsOfFile: path, encoding: .utf8)
        // The state after a resume with --threads 1 is killed before its first checkpoint.
        try config.replacing("\"threads\" : 2", with: "\"threads\" : 1")
            .write(toFile: path, atomically: true, encoding: .utf8)
        for (steps, threads) in [("4", "1"), ("5", "2")] {
            let arguments = ["resume", "run", "--steps", steps, "--threads", threads, "--quiet"]
            let result = try Command.run(arguments, in: folder.path)
            #expect(result.code == 0, "\(result.errors)")
        }
    }

    @Test func runDirectoryIsWhole() throws {
        let folder = try TemporaryFolder()
        try train(["--steps", "4", "--sample-every", "2", "--out", "deep/er/run"], in: folder)
        let run = "\(folder.path)/deep/er/run"
        let files = [
            "config.json", "journal.jsonl", "progress.gif", "curves.png", "milestones.png",
            "report.html", "samples/real.png",
            "samples/step-000000.png",
            "samples/step-000002.png", "samples/step-000004.png",
            "checkpoints/step-000000.safetensors",
            "checkpoints/step-000004.safetensors", "checkpoints/latest",
        ]
        for file in files {
            #expect(FileManager.default.fileExists(atPath: "\(run)/\(file)"), "\(file)")
        }
        let lines = try String(contentsOfFile: "\(run)/journal.jsonl", encoding: .utf8).split(
            separator: "\n")
        #expect(lines.count == 4)
        let fields = try #require(
            try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        let names = [
            "step", "epoch", "images", "seconds", "d_loss", "g_loss", "d_acc", "d_acc_real",
            "d_acc_fake", "g_acc",
            "images_per_second",
        ]
        #expect(Set(fields.keys) == Set(names))
        let config =
            try JSONSerialization.jsonObject(with: bytes("\(run)/config.json")) as? [String: Any]
        #expect(config?["batch"] as? Int == 32 && config?["preset"] as? String == "mlp")
        // The report can be rewritten.
        try FileManager.default.removeItem(atPath: "\(run)/report.html")
        let report = try Command.run(["report", run], in: folder.path)
        #expect(report.code == 0 && report.output == "\(run)/report.html\n", "\(report.errors)")
        #expect(FileManager.default.fileExists(atPath: "\(run)/report.html"))
        // A run from the config.json of another run is the same run.
        let again = try Command.run(
            ["train", "--config", "\(run)/config.json", "--out", "copy", "--quiet"], in: folder.path
        )
        #expect(again.code == 0, "\(again.errors)")
        try expectSameRun(run, "\(folder.path)/copy", step: "step-000004")
    }

    /// A line for each grid of samples, except the one before the first step, and only if requested.
    @Test func samplesAreAnnounced() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            ["train"] + small + [
                "--steps", "5", "--sample-every", "2", "--out", "run", "--set",
                "announce_samples=true",
            ], in: folder.path)
        let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("step ") }
        #expect(lines.count == 3, "\(result.output)")
        let pattern =
            /step 2  epoch 0\.0  D accuracy \d+% \(real \d+% generated \d+%\)  G accuracy \d+%  samples\/step-000002\.png/
        #expect(lines.first?.wholeMatch(of: pattern) != nil, "\(result.output)")
        let plain = try Command.run(
            ["train"] + small + ["--steps", "2", "--out", "plain"], in: folder.path)
        #expect(!plain.output.contains("samples/step-"))
    }

    @Test func generateWritesEveryFormat() throws {
        let folder = try TemporaryFolder()
        try train(["--steps", "2", "--out", "run"], in: folder)
        for output in ["a.png", "a.npy", "a.idx"] {
            let result = try Command.run(
                ["generate", "run", "--seeds", "0,5-7", "-o", output], in: folder.path)
            #expect(result.code == 0, "\(result.errors)")
        }
        let npy = try bytes("\(folder.path)/a.npy")
        let idx = try bytes("\(folder.path)/a.idx")
        #expect(npy.count == 128 + 4 * 784 && idx.count == 16 + 4 * 784)
        #expect(npy.suffix(4 * 784) == idx.suffix(4 * 784))
        #expect(String(decoding: npy[10..<100], as: UTF8.self).contains("'shape': (4, 28, 28, 1)"))
        #expect(try bytes("\(folder.path)/a.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
        // From a checkpoint file, for one of the four seeds.
        let file = "run/checkpoints/step-000002.safetensors"
        let one = try Command.run(
            ["generate", file, "--seeds", "6", "-o", "b.idx"], in: folder.path)
        #expect(one.code == 0)
        #expect(try bytes("\(folder.path)/b.idx").suffix(784) == idx.suffix(2 * 784).prefix(784))
    }

    /// With one frame per leg, the frames are the seeds' samples. An animation has each frame once, enlarged.
    @Test func interpolateWalks() throws {
        let folder = try TemporaryFolder()
        try train(["--steps", "1", "--out", "run"], in: folder)
        func make(_ verb: String, _ arguments: [String], _ output: String) throws -> [UInt8] {
            let result = try Command.run(
                [verb, "run", "-o", output] + arguments, in: folder.path)
            #expect(result.code == 0, "\(result.errors)")
            return [UInt8](try bytes("\(folder.path)/\(output)"))
        }
        let seeds = ["--seeds", "5,0,2"]
        #expect(
            try make("interpolate", ["--seeds", "5,0", "--frames", "1"], "walk.png")
                == make("generate", ["--seeds", "5,0", "--grid", "1x2"], "seeds.png"))
        for (arguments, frames) in [(["--frames", "3"], 7), (["--frames", "3", "--loop"], 9)] {
            let gif = try make("interpolate", seeds + arguments, "walk.gif")
            #expect(
                gif.indices.dropLast(2).count { Array(gif[$0..<$0 + 3]) == [0x21, 0xf9, 4] }
                    == frames)
            #expect(Array(gif[6..<10]) == [224, 0, 224, 0])
        }
    }

    @Test func initFromTakesTheWeightsOnly() throws {
        let folder = try TemporaryFolder()
        try train(["--steps", "3", "--out", "first"], in: folder)
        try train(["--steps", "1", "--init-from", "first", "--out", "second"], in: folder)
        #expect(
            try bytes("\(folder.path)/first/samples/step-000003.png")
                == bytes("\(folder.path)/second/samples/step-000000.png"))
    }

    @Test func sizeAndChannelsFollowTheFlags() throws {
        let folder = try TemporaryFolder()
        try train(["--steps", "1", "--size", "12", "--channels", "3", "--out", "run"], in: folder)
        let result = try Command.run(
            ["generate", "run", "--seeds", "0", "-o", "a.idx"], in: folder.path)
        #expect(result.code == 0)
        #expect(try bytes("\(folder.path)/a.idx").count == 20 + 12 * 12 * 3)
        let film = try Command.run(
            ["interpolate", "run", "--seeds", "0,1", "--frames", "2", "-o", "a.gif"],
            in: folder.path)
        #expect(film.code == 0, "\(film.errors)")
        #expect(try bytes("\(folder.path)/a.gif").starts(with: Data("GIF89a".utf8)))
    }

    @Test func benchPrintsItsFields() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            ["bench", "--preset", "mlp", "--steps", "3", "--batch", "8", "--json"], in: folder.path)
        let fields = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let names = [
            "preset", "precision", "batch", "threads", "steps", "median_ms", "min_ms", "mean_ms",
            "p95_ms",
            "images_per_second",
            "peak_rss_mib",
        ]
        #expect(Set(fields.keys) == Set(names) && fields["steps"] as? Int == 3)
    }
}
