import Foundation
import Ganymede
import TestSupport
import Testing

/// Evaluation through the built command.
@Suite(.serialized)
struct EvaluateTests {
    func ganymede(_ arguments: [String], in folder: TemporaryFolder) throws -> String {
        let result = try Command.run(arguments, in: folder.path)
        #expect(result.code == 0, "\(arguments): \(result.errors)")
        return result.output
    }

    func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    let toy = [
        "train", "--data", "ring8", "--precision", "f32", "--threads", "2", "--seed", "1",
        "--quiet", "--set", "metrics_samples=1000",
    ]

    /// What is measured on the way changes no bit of the run, is in the journal, and marks the best checkpoint.
    @Test func metricsEvery() throws {
        let folder = try TemporaryFolder()
        _ = try ganymede(toy + ["--steps", "60", "--out", "plain"], in: folder)
        _ = try ganymede(
            toy + ["--steps", "60", "--metrics-every", "20", "--out", "judged"], in: folder)
        let last = "checkpoints/step-000060.safetensors"
        #expect(
            try bytes("\(folder.path)/plain/\(last)") == bytes("\(folder.path)/judged/\(last)"))

        let lines = try String(
            contentsOfFile: "\(folder.path)/judged/journal.jsonl", encoding: .utf8
        ).split(separator: "\n").map { try object(String($0)) }
        let measured = lines.filter { $0["metrics"] != nil }
        #expect(measured.compactMap { $0["step"] as? Int } == [20, 40, 60])
        let distances = measured.compactMap {
            ($0["metrics"] as? [String: Double])?["fid"]
        }
        let lowest = try #require(distances.indices.min { distances[$0] < distances[$1] })
        let best = try String(
            contentsOfFile: "\(folder.path)/judged/checkpoints/best", encoding: .utf8)
        #expect(best == "step-0000\((lowest + 1) * 20).safetensors\n")
        // The best that were not asked for are gone.
        let kept = try FileManager.default.contentsOfDirectory(
            atPath: "\(folder.path)/judged/checkpoints")
        let wanted = Set([
            "step-000000.safetensors", "step-000060.safetensors", "best", "latest",
            best.trimmingCharacters(in: .whitespacesAndNewlines),
        ])
        #expect(Set(kept) == wanted)
        _ = try ganymede(
            ["generate", "judged/checkpoints/best", "--seeds", "0-9", "-o", "a.npy"], in: folder)
    }

    /// A run that goes on knows what was the best before.
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

    /// The fields of the JSON are those that the design fixes; the same seed finds the same.
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
        let some = try object(ganymede(evaluate + ["--metrics", "fid,modes"], in: folder))
        #expect(Set(try #require(some["metrics"] as? [String: Any]).keys) == ["fid", "modes"])
    }

    @Test(arguments: [
        (["evaluate", "nowhere"], "there is no dataset or folder called nowhere", Int32(1)),
        (["evaluate", "mnist", "--metrics", "fit"], "Did you mean \"fid\"?", 64),
        (["evaluate", "mnist", "--samples", "0"], "--samples is from 1", 64),
        (["evaluate", "ring8", "--metrics", "score"], "there is no metric \"score\" of ring8", 64),
        (["evaluate", "ring8", "--samples", "20000"], "Use --samples 10000", 1),
        (["evaluate", "ring8", "--samples", "20", "--metrics", "fid"], "would mean nothing", 1),
        (["evaluate", "floats.npy"], "astype(\"uint8\")", 1),
        (
            ["evaluate", "small.npy"], "images of [8,8,1], and images of [28,28,1] are judged",
            1
        ),
        (["evaluate", "few.npy"], "less than a set of 10000", 1),
        (["evaluate", "mnist", "--neighbours", "a.gif"], "ends in .png", 64),
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
        var floats = Array(NPY(shape: [4, 28, 28], bytes: [UInt8](repeating: 0, count: 3136)).data)
        floats.replaceSubrange(21..<24, with: Array("<f4".utf8))
        try folder.write("floats.npy", Data(floats))
        let result = try Command.run(arguments, in: folder.path)
        #expect(result.code == code, "\(result.errors)")
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    /// Two runs on one page, which needs no other file.
    @Test func comparePage() throws {
        let folder = try TemporaryFolder()
        for seed in ["1", "2"] {
            _ = try ganymede(
                toy + ["--steps", "40", "--metrics-every", "20", "--seed", seed, "--out", seed],
                in: folder)
        }
        _ = try ganymede(["compare", "1", "2", "--samples", "1000", "-o", "c.html"], in: folder)
        let page = try String(contentsOfFile: "\(folder.path)/c.html", encoding: .utf8)
        for part in ["fid", "high_quality", "<td>seed</td><td>1</td><td>2</td>", "data:image/gif"] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(!page.contains("src=\"http") && !page.contains("<script"))
    }
}
