import Foundation
import Ganymede
import TestSupport
import Testing

/// Evaluation of runs, pictures and datasets through the built command.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct EvaluateSamplesTests: EvaluationTesting {
    /// Metrics of different evaluators are in different tables, and runs of the same name are distinguished.
    @Test func comparedByDifferentEvaluators() throws {
        let folder = try TemporaryFolder()
        try writeEvaluator(accuracy: "0.9900", to: "other.safetensors", in: folder)
        let train = ["train"] + small + ["--precision", "f32", "--steps", "2", "--quiet"]
        _ = try ganymede(train + ["--out", "x/run"], in: folder)
        _ = try ganymede(
            train + ["--evaluator", "other.safetensors", "--out", "y/run"], in: folder)
        let compare = ["compare", "x/run", "y/run", "--samples", "100", "-o", "c.html"]
        for (more, tables) in [([], 2), (["--evaluator", "other.safetensors"], 1)] {
            _ = try ganymede(compare + more, in: folder)
            let page = try String(contentsOfFile: "\(folder.path)/c.html", encoding: .utf8)
            #expect(page.matches(of: /Beside 100 real samples of mnist/).count == tables)
            #expect(page.contains("(mnist, accuracy 99.00 %)"))
            #expect(page.contains("<th>x/run</th>") && page.contains("<th>y/run</th>"))
        }
    }

    /// A dataset's own samples are not compared with themselves, whatever path is used for it.
    @Test(arguments: ["pictures", "./pictures/", "link"])
    func theDataItself(path: String) throws {
        let folder = try TemporaryFolder()
        for index in 0..<20 {
            let pixels = (0..<784).map { UInt8(truncatingIfNeeded: $0 * (index + 3) >> 2) }
            let raster = Raster(height: 28, width: 28, channels: 1, pixels: pixels)
            try folder.write("pictures/\(index).png", raster.png())
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link", withDestinationPath: "pictures")
        try writeEvaluator(accuracy: "0.9963", to: "own.safetensors", in: folder)
        let found = try object(
            ganymede(
                [
                    "evaluate", path, "--data", "pictures", "--evaluator", "own.safetensors",
                    "--samples", "5", "--sets", "4", "--json",
                ], in: folder))
        #expect(found["sets"] as? Int == 3, "the first five are what the others stand beside")
        let notes = try #require(found["notes"] as? [String])
        #expect(notes.contains { $0.contains("memorisation") && $0.contains("no test split") })
        let evaluator = try #require(found["evaluator"] as? [String: Any])
        #expect(evaluator["accuracy"] as? Double == 0.9963)
        #expect((evaluator["sha256"] as? String)?.count == 64)
        #expect((found["classes"] as? [Any])?.isEmpty == true)
    }

    /// Identical pictures have metrics; undefined ones are left out with a note. The same for an IDX file.
    @Test func alikePictures() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "grey.npy",
            NPY(shape: [1200, 28, 28], bytes: [UInt8](repeating: 90, count: 940_800)).data)
        let idx = Data([0, 0, 8, 3, 0, 0, 4, 176, 0, 0, 0, 28, 0, 0, 0, 28])
        try folder.write("grey.idx", idx + Data([UInt8](repeating: 90, count: 940_800)))
        let options = ["--samples", "1200", "--sets", "1", "--json"]
        let text = try ganymede(["evaluate", "grey.npy"] + options, in: folder)
        #expect(try ganymede(["evaluate", "grey.idx"] + options, in: folder) == text)
        let found = try object(text)
        let metrics = try #require(found["metrics"] as? [String: [String: Any]])
        #expect(metrics["modes"]?["value"] as? Double == 1)
        #expect(try #require(metrics["fid"]?["value"] as? Double) > 50)
        #expect(metrics["memorisation"] == nil)
        let notes = try #require(found["notes"] as? [String])
        #expect(notes.contains { $0.contains("different nearest training samples") })
        let shares = try #require(found["classes"] as? [[String: Any]])
        #expect(shares.compactMap { $0["value"] as? Double }.max() == 1)
    }

    /// There is a note if pictures were converted for evaluation.
    @Test func changedPictures() throws {
        let folder = try TemporaryFolder()
        for index in 0..<20 {
            var pixels = [UInt8](repeating: UInt8(index * 12), count: 32 * 30 * 3)
            if index < 5 { pixels[0] = 255 }
            let raster = Raster(height: 30, width: 32, channels: 3, pixels: pixels)
            try folder.write("pictures/\(index + 10).png", raster.png())
        }
        let options = ["--samples", "20", "--metrics", "copies", "--sets", "1"]
        let table = try ganymede(["evaluate", "pictures"] + options, in: folder)
        let notes = [
            "pictures of 32x30 pixels were resized to 28x28",
            "5 of 20 pictures are in colour and made grey",
        ]
        #expect(table.contains(notes.joined(separator: "\n")), "\(table)")
        let found = try object(
            ganymede(["evaluate", "pictures", "--json"] + options, in: folder))
        #expect(found["notes"] as? [String] == notes)
    }

    /// A run is evaluated with its own evaluator, from any working directory; also its table and the picture of
    /// neighbours.
    @Test func aRunOfImages() throws {
        let folder = try TemporaryFolder()
        let evaluator = try #require(try Evaluator.shipped(for: "mnist"))
        try evaluator.write(to: "\(folder.path)/own.safetensors")
        let judged = try ganymede(
            [
                "train", "--preset", "mlp", "--steps", "4", "--metrics-every", "2", "--set",
                "metrics_samples=1000", "--evaluator", "own.safetensors", "--out", "run",
            ], in: folder)
        for part in [
            "step 2  fid ", "(real ", "best so far", "Of one set of 1,000 samples:", "precision",
        ] {
            #expect(judged.contains(part), "\(judged)")
        }
        let best = try String(
            contentsOfFile: "\(folder.path)/run/checkpoints/best", encoding: .utf8)
        let columns =
            best == "step-000004.safetensors\n"
            ? "best and last, step 4   real" : "best, step 2   last, step 4   real"
        #expect(judged.contains(columns), "\(judged)")
        let evaluate = ["--samples", "300", "--sets", "2", "--neighbours", "near.png"]
        let table = try ganymede(["evaluate", "run"] + evaluate, in: folder)
        for part in [
            "run: 2 sets of 300 samples, compared with as many of mnist", "fid", " ± ", "copies",
            "left out: score of 300 samples",
            "Chance alone gives 300 samples a mode_kl of 0.015",
            "class   generated, %   real, %",
        ] {
            #expect(table.contains(part), "\(part): \(table)")
        }
        #expect(!table.contains("gan_test"))
        let picture = try bytes("\(folder.path)/near.png")
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let inside = try Command.run(
            ["evaluate", "checkpoints/best"] + evaluate, in: "\(folder.path)/run")
        #expect(inside.code == 0, "\(inside.errors)")
        try FileManager.default.removeItem(atPath: "\(folder.path)/own.safetensors")
        let resumed = try Command.run(["resume", "run", "--steps", "5"], in: folder.path)
        #expect(resumed.code == 1 && resumed.errors.contains("own.safetensors"))
        #expect(!resumed.output.contains("step 5"), "said before a step is made")
        let without = try Command.run(["evaluate", "run"] + evaluate, in: folder.path)
        #expect(without.code == 1 && without.errors.contains("own.safetensors"))
        let other = try Command.run(
            ["evaluate", "run", "--data", "mnist"] + evaluate, in: folder.path)
        #expect(other.code == 0, "\(other.errors)")
    }

    /// Stacks are evaluated channel by channel: 500 pictures cover about 390 of 1000 classes.
    @Test func stackedDigits() throws {
        let folder = try TemporaryFolder()
        let found = try object(
            ganymede(
                [
                    "evaluate", "stacked-mnist", "--samples", "500", "--sets", "1", "--metrics",
                    "modes,mode_kl", "--json",
                ], in: folder))
        let metrics = try #require(found["metrics"] as? [String: [String: Any]])
        let modes = try #require(metrics["modes"]?["value"] as? Double)
        // 1000 (1 - (1 - 1/1000)^500) = 394, fewer if classes are not equally frequent.
        #expect(modes > 340 && modes < 420, "\(modes)")
        #expect(found["mode_kl_bias"] as? Double == 0.999)
        #expect((found["classes"] as? [Any])?.isEmpty == true)
    }

    /// Two runs on one self-contained page.
    @Test func comparePage() throws {
        let folder = try TemporaryFolder()
        for seed in ["1", "2"] {
            _ = try ganymede(
                toy + ["--steps", "40", "--metrics-every", "20", "--seed", seed, "--out", seed],
                in: folder)
        }
        _ = try ganymede(["compare", "1", "2", "--samples", "1000", "-o", "c.html"], in: folder)
        let page = try String(contentsOfFile: "\(folder.path)/c.html", encoding: .utf8)
        for part in [
            "coverage", "high_quality", "<td>seed</td><td>1</td><td>2</td>", "Pause",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(!page.contains("src=\"http") && !page.contains("<script"))
    }
}
