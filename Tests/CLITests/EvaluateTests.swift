import Foundation
import Ganymede
import TestSupport
import Testing

/// What tests of evaluations through the built command share.
protocol EvaluationTesting {}

extension EvaluationTesting {
    func ganymede(_ arguments: [String], in folder: TemporaryFolder) throws -> String {
        let result = try Command.run(arguments, in: folder.path)
        #expect(result.code == 0, "\(arguments): \(result.errors)")
        return result.output
    }

    func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    var toy: [String] {
        [
            "train", "--preset", "toy", "--data", "ring8", "--precision", "f32", "--threads", "2",
            "--seed", "1", "--quiet", "--set", "metrics_samples=1000",
        ]
    }

    /// Writes MNIST's evaluator with another accuracy in its header.
    func writeEvaluator(accuracy: String, to name: String, in folder: TemporaryFolder) throws {
        var data = Evaluator.shippedFile("mnist")
        let key = Data("accuracy\\\":".utf8)
        let place = try #require(data.range(of: key)).upperBound
        data.replaceSubrange(place..<place + 6, with: Data(accuracy.utf8))
        try folder.write(name, data)
    }
}

/// Evaluation through the built command: during training, its JSON, its messages.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct EvaluateTests: EvaluationTesting {
    /// Evaluation during training does not change the run's bits, is written to the journal, and marks the best
    /// checkpoint.
    @Test func metricsEvery() throws {
        let folder = try TemporaryFolder()
        _ = try ganymede(toy + ["--steps", "60", "--out", "plain"], in: folder)
        _ = try ganymede(
            toy + ["--steps", "60", "--metrics-every", "20", "--out", "judged"], in: folder)
        let last = "checkpoints/step-000060.safetensors"
        #expect(
            try trainedTensors("\(folder.path)/plain/\(last)")
                == trainedTensors("\(folder.path)/judged/\(last)"))

        let lines = try String(
            contentsOfFile: "\(folder.path)/judged/journal.jsonl", encoding: .utf8
        ).split(separator: "\n").map { try object(String($0)) }
        let measured = lines.filter { $0["metrics"] != nil }
        #expect(measured.compactMap { $0["step"] as? Int } == [20, 40, 60])
        // There is no Fréchet distance for points: it cannot tell a ring from a single Gaussian.
        #expect(measured.allSatisfy { ($0["metrics"] as? [String: Double])?["fid"] == nil })
        let coverages = measured.compactMap {
            ($0["metrics"] as? [String: Double])?["coverage"]
        }
        let place = try #require(coverages.indices.max { coverages[$0] < coverages[$1] })
        let best = try String(
            contentsOfFile: "\(folder.path)/judged/checkpoints/best", encoding: .utf8)
        #expect(best == "step-0000\((place + 1) * 20).safetensors\n")
        // The real samples are the same each time, and better than any generated ones.
        let real = measured.compactMap { ($0["metrics_real"] as? [String: Double])?["coverage"] }
        #expect(real.count == 3 && Set(real).count == 1 && real[0] > coverages[place])
        for name in ["judged", "plain"] {
            let html = try String(
                contentsOfFile: "\(folder.path)/\(name)/report.html", encoding: .utf8)
            let title = "\(place == 2 ? "best and last" : "best"), step \((place + 1) * 20)"
            #expect(html.contains("<th>\(title)</th>") == (name == "judged"))
            #expect(html.contains("<h2>How good it is</h2>") == (name == "judged"))
        }
        // The newest three, the best, and that of step 0, which is a milestone.
        let kept = try FileManager.default.contentsOfDirectory(
            atPath: "\(folder.path)/judged/checkpoints")
        let wanted = Set([
            "step-000000.safetensors", "step-000060.safetensors", "best", "latest",
            best.trimmingCharacters(in: .whitespacesAndNewlines),
        ])
        #expect(Set(kept).isSuperset(of: wanted) && kept.count <= 6)
        _ = try ganymede(
            ["generate", "judged/checkpoints/best", "--seeds", "0-9", "-o", "a.npy"], in: folder)
    }

    /// By default a run is evaluated once for every 1,000 steps, but no more than four times, if there is an evaluator for its
    /// images.
    @Test(
        arguments: [
            ([], 7_500), (["--preset", "flagship"], 1_750), (["--steps", "1000"], 1_000),
            (["--steps", "999"], nil), (["--steps", "3999"], 1_333), (["--steps", "2001"], 1_001),
            (["--epochs", "1"], 1_875), (["--metrics-every", "7"], 7),
            (["--metrics-every", "0"], nil),
            (["--set", "metrics_every=null"], nil), (["--set", "metrics_every=8"], 8),
            (["--size", "32"], nil), (["--channels", "3"], nil), (["--data", "ring8"], 10_000),
            (["--data", "images.npy", "--steps", "1000"], nil),
            (["--config", "silent.json"], nil),
        ] as [([String], Int?)])
    func defaultEvaluations(arguments: [String], every: Int?) throws {
        let folder = try TemporaryFolder()
        let images = NPY(shape: [64, 28, 28], bytes: [UInt8](repeating: 7, count: 64 * 28 * 28))
        try images.data.write(to: URL(filePath: "\(folder.path)/images.npy"))
        let silent = try RunOptions(preset: .mlp).text()
        try silent.write(toFile: "\(folder.path)/silent.json", atomically: true, encoding: .utf8)
        let train = ["train", "--dry-run", "--precision", "f32"]
        let isOther = ["--preset", "--config", "ring8"].contains(where: arguments.contains)
        let preset = isOther ? [] : ["--preset", "mlp"]
        let config = try object(ganymede(train + preset + arguments, in: folder))
        #expect(config["metrics_every"] as? Int == every)
    }

    /// A resumed run knows the best checkpoint so far.
    @Test func resumeKeepsTheBest() throws {
        let folder = try TemporaryFolder()
        let judged = toy + ["--metrics-every", "20"]
        _ = try ganymede(judged + ["--steps", "80", "--out", "whole"], in: folder)
        _ = try ganymede(judged + ["--steps", "40", "--out", "parts"], in: folder)
        _ = try ganymede(["resume", "parts", "--steps", "80", "--quiet"], in: folder)
        for name in ["best", "step-000080.safetensors"] {
            #expect(
                try bytes("\(folder.path)/whole/checkpoints/\(name)")
                    == bytes("\(folder.path)/parts/checkpoints/\(name)"))
        }
    }

    /// The JSON has the fields of the design, and the same seed gives the same result.
    @Test func evaluateJSON() throws {
        let folder = try TemporaryFolder()
        _ = try ganymede(toy + ["--steps", "30", "--out", "run"], in: folder)
        let evaluate = [
            "evaluate", "run", "--samples", "1000", "--seed", "2", "--threads", "2", "--json",
        ]
        let text = try ganymede(evaluate, in: folder)
        #expect(try ganymede(evaluate, in: folder) == text)
        let found = try object(text)
        #expect(found["data"] as? String == "ring8")
        #expect(found["samples"] as? Int == 1000)
        #expect(found["seed"] as? Int == 2)
        let metrics = try #require(found["metrics"] as? [String: [String: Any]])
        #expect(metrics.count > 5)
        for (name, figure) in metrics {
            #expect(Set(figure.keys) == ["value", "real", "spread"], "\(name)")
        }
        #expect(metrics["modes"]?["real"] as? Double == 8)
        // A file of the same points gives the same metrics.
        _ = try ganymede(
            ["generate", "run", "--seeds", "2000000-2000999", "-o", "points.npy"], in: folder)
        let file = try object(
            ganymede(
                [
                    "evaluate", "points.npy", "--data", "ring8", "--samples", "1000", "--seed", "2",
                    "--threads", "2", "--sets", "1", "--metrics", "coverage", "--json",
                ], in: folder))
        let one = try object(
            ganymede(evaluate + ["--sets", "1", "--metrics", "coverage"], in: folder))
        func coverage(_ found: [String: Any]) -> Double? {
            ((found["metrics"] as? [String: Any])?["coverage"] as? [String: Any])?["value"]
                as? Double
        }
        let (a, b): (Double?, Double?) = (coverage(file), coverage(one))
        #expect(a == b && b != nil)
        // In double precision, NumPy's default.
        let floats = try bytes("\(folder.path)/points.npy")
        let start = 10 + Int(floats[8]) + Int(floats[9]) << 8
        var doubles = floats.prefix(start)
        let type = try #require(doubles.range(of: Data("<f4".utf8)))
        doubles.replaceSubrange(type, with: Data("<f8".utf8))
        floats.dropFirst(start).withUnsafeBytes { numbers in
            for number in numbers.bindMemory(to: Float.self) {
                withUnsafeBytes(of: Double(number)) { doubles.append(contentsOf: $0) }
            }
        }
        try folder.write("points.npy", doubles)
        let again = try object(
            ganymede(
                [
                    "evaluate", "points.npy", "--data", "ring8", "--samples", "1000", "--seed", "2",
                    "--threads", "2", "--sets", "1", "--metrics", "coverage", "--json",
                ], in: folder))
        #expect(coverage(again) == b)
        // They are trained on as well.
        let learned = try Command.run(
            ["train", "--data", "points.npy", "--steps", "2", "--out", "learned", "--quiet"],
            in: folder.path)
        #expect(learned.code == 0, "\(learned.errors)")
        let some = try object(ganymede(evaluate + ["--metrics", "coverage,modes"], in: folder))
        #expect(Set(try #require(some["metrics"] as? [String: Any]).keys) == ["coverage", "modes"])
    }

    @Test(arguments: [
        (["evaluate", "nowhere"], "there is no dataset or folder called nowhere", Int32(1)),
        (["evaluate", "mnist", "--metrics", "fit"], "Did you mean \"fid\"?", 64),
        (["evaluate", "mnist", "--samples", "0"], "--samples is from 1", 64),
        (["evaluate", "ring8", "--metrics", "score"], "there is no metric \"score\" of ring8", 64),
        (["evaluate", "ring8", "--samples", "20000"], "Use --samples 10000", 1),
        (["evaluate", "ring8", "--samples", "20", "--metrics", "modes"], "would mean nothing", 1),
        (["evaluate", "floats.npy"], "astype(\"uint8\")", 1),
        (
            ["evaluate", "small.npy"], "images of [8,8,1], and images of [28,28,1] are evaluated",
            1
        ),
        (["evaluate", "few.npy"], "less than a set of 10000", 1),
        (
            ["evaluate", "mnist", "--samples", "20", "--metrics", "copies", "--threads", "2000"],
            "--threads is from 1 to 1024", 64
        ),
        (
            ["evaluate", "few.npy", "--samples", "20", "--neighbours", "a.png", "--data", "ring8"],
            "images of [28,28,1], and points are evaluated", 1
        ),
        (["evaluate", "six.npy", "--samples", "6", "--neighbours", "a.png"], "holds 6", 1),
        (
            ["train", "--metrics-every", "5", "--set", "metrics_samples=100", "--out", "run"],
            "metrics_samples is at least 130", 64
        ),
        (
            ["train", "--metrics-every", "5", "--set", "metrics_samples=20000", "--out", "run"],
            "--set metrics_samples=10000", 1
        ),
        (
            ["train", "--metrics-every", "5", "--evaluator", "none.safetensors", "--dry-run"],
            "none.safetensors", 1
        ),
        (["evaluate", "mnist", "--neighbours", "a.gif"], "ends in .png", 64),
        (["evaluate", "few.npy", "--confusion", "a.gif"], "ends in .png or .svg", 64),
        (
            ["evaluate", "few.npy", "--samples", "20", "--confusion", "a.png"],
            "samples whose class is known", 1
        ),
        (["evaluate", "ring8", "--confusion", "a.png"], "images with one class each", 64),
        (
            ["train", "--data", "few.npy", "--evaluator", "own.safetensors", "--out", "run"],
            "add --metrics-every 0", 1
        ),
        (
            ["evaluate", "few.npy", "--evaluator", "chance.safetensors"],
            "has an accuracy of 10.0 % on its test images, no better than chance", 1
        ),
        (["evaluate", "few.npy", "--samples", "20", "--metrics", "recall"], "recall, density", 1),
        (["compare", "one"], "two runs or more", 64),
        (["compare", "one", "two", "--no-metrics"], "one is not the folder of a run", 1),
    ])
    func messages(arguments: [String], message: String, code: Int32) throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "small.npy",
            NPY(shape: [2000, 8, 8], bytes: [UInt8](repeating: 7, count: 128_000)).data)
        try folder.write(
            "few.npy", NPY(shape: [20, 28, 28], bytes: [UInt8](repeating: 7, count: 15_680)).data)
        try folder.write(
            "six.npy", NPY(shape: [6, 28, 28], bytes: [UInt8](repeating: 7, count: 4704)).data)
        var floats = Array(NPY(shape: [4, 28, 28], bytes: [UInt8](repeating: 0, count: 3136)).data)
        floats.replaceSubrange(21..<24, with: Array("<f4".utf8))
        try folder.write("floats.npy", Data(floats))
        try writeEvaluator(accuracy: "0.9963", to: "own.safetensors", in: folder)
        try writeEvaluator(accuracy: "0.1000", to: "chance.safetensors", in: folder)
        let result = try Command.run(arguments, in: folder.path)
        #expect(result.code == code, "\(result.errors)")
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
    }
}
