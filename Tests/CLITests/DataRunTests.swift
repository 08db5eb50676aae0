import Foundation
import Ganymede
import TestSupport
import Testing

/// Runs on computed datasets.
@Suite(.timeLimit(.minutes(20)))
struct DataRunTests {
    let runs = RunTests()

    /// Points of a file are trained on; what is no such file is refused.
    @Test func pointsOfAFileAreTrainedOn() throws {
        let folder = try TemporaryFolder()
        func header(_ shape: String, _ type: String = "<f4") -> Data {
            let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
            let padded = text + String(repeating: " ", count: 117 - text.count) + "\n"
            return Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]) + Data(padded.utf8)
        }
        func floats(_ count: Int, _ value: (Int) -> Float = { Float($0 % 7) / 7 }) -> Data {
            Data(
                (0..<count).flatMap { index in
                    (0..<4).map {
                        UInt8(truncatingIfNeeded: value(index).bitPattern >> (8 * UInt32($0)))
                    }
                })
        }
        try folder.write("points.npy", header("300, 2") + floats(600))
        try folder.write("three.npy", header("200, 3") + floats(600))
        try folder.write("nan.npy", header("300, 2") + floats(600) { $0 == 9 ? .nan : 1 })
        try folder.write("short.npy", header("300, 2") + floats(599))
        func train(_ data: String, _ code: Int32) throws -> String {
            let result = try Command.run(
                [
                    "train", "--preset", "points", "--data", data, "--batch", "32", "--steps", "3",
                    "--out", "run-\(data)",
                ], in: folder.path)
            #expect(result.code == code, "\(data): \(result.errors)")
            return result.errors
        }
        _ = try train("points.npy", 0)
        let again = try Command.run(
            ["resume", "run-points.npy", "--steps", "5", "--quiet"], in: folder.path)
        #expect(again.code == 0, "\(again.errors)")
        #expect(try train("nan.npy", 1).contains("point 4 is not finite"))
        #expect(try train("short.npy", 1).contains("promises"))
        _ = try train("three.npy", 64)
        // Networks of images are not fed with points.
        let images = try Command.run(
            ["train"] + small + ["--data", "points.npy", "--steps", "3", "--out", "none"],
            in: folder.path)
        #expect(images.code == 64 && images.errors.contains("points"), "\(images.errors)")
    }

    /// Points of the plane, for which the data selects the preset: a resumed run is the same run; also files of points.
    @Test func pointsAreARunLikeAnyOther() throws {
        let folder = try TemporaryFolder()
        func ganymede(_ arguments: [String], code: Int32 = 0) throws -> String {
            let result = try Command.run(arguments, in: folder.path)
            #expect(result.code == code, "\(arguments): \(result.errors)")
            return result.output + result.errors
        }
        let options = [
            "train", "--preset", "toy", "--data", "ring8", "--batch", "32", "--threads", "2",
            "--precision", "f32", "--set", "grid=[8,8]",
        ]
        let text = try ganymede(
            options + ["--steps", "30", "--sample-every", "10", "--out", "whole"])
        #expect(text.hasPrefix("toy on ring8: 30 steps of 32 points"), "\(text)")
        _ = try ganymede(options + ["--steps", "17", "--out", "parts", "--quiet"])
        _ = try ganymede(["resume", "parts", "--steps", "30", "--quiet"])
        try runs.expectSameRun("\(folder.path)/whole", "\(folder.path)/parts", step: "step-000030")
        for name in ["samples/real", "samples/step-000000", "samples/step-000010", "milestones"] {
            let picture = try Raster(
                png: runs.bytes("\(folder.path)/whole/\(name).png"), channels: 3, name)
            #expect(name == "milestones" || (picture.width == 400 && picture.height == 400))
        }
        let page = try String(contentsOfFile: "\(folder.path)/whole/report.html", encoding: .utf8)
        #expect(page.contains("30 steps of 32 points (ring8") && page.contains("blue for real"))
        #expect(
            try runs.bytes("\(folder.path)/whole/progress.gif").starts(with: Data("GIF89a".utf8)))

        _ = try ganymede(["generate", "whole", "--seeds", "0-4", "-o", "a.npy"])
        let npy = try runs.bytes("\(folder.path)/a.npy")
        #expect(npy.count == 128 + 5 * 8)
        #expect(
            String(decoding: npy[10..<100], as: UTF8.self).contains(
                "'<f4', 'fortran_order': False, 'shape': (5, 2)"))
        // A point depends on its seed alone.
        _ = try ganymede(["generate", "whole", "--seeds", "3", "-o", "b.npy"])
        #expect(try runs.bytes("\(folder.path)/b.npy").suffix(8) == npy.suffix(16).prefix(8))
        _ = try ganymede(["generate", "whole", "-o", "a.png"])
        _ = try ganymede(["interpolate", "whole", "--seeds", "0,1", "-o", "walk.png"])
        _ = try ganymede(["interpolate", "whole", "--seeds", "0,1", "-o", "walk.gif"])
        #expect(try runs.bytes("\(folder.path)/walk.gif").starts(with: Data("GIF89a".utf8)))
        for (arguments, message) in [
            (
                ["generate", "whole", "-o", "a.idx"],
                "an .idx file holds images, and this system makes points: use .npy or .png"
            ),
            (
                ["generate", "whole", "--grid", "8x8", "-o", "a.png"],
                "--grid is for images: points have no rows"
            ),
        ] {
            #expect(try ganymede(arguments, code: 64) == "ganymede: \(message)\n")
        }
    }

    /// Three channels by default, and a resumed run is the same run.
    @Test func stacksAreARunLikeAnyOther() throws {
        let folder = try TemporaryFolder()
        let options = ["--data", "stacked-mnist"]
        try runs.train(options + ["--steps", "3", "--out", "whole"], in: folder)
        try runs.train(options + ["--steps", "2", "--out", "parts"], in: folder)
        let resumed = try Command.run(
            ["resume", "parts", "--steps", "3", "--quiet"], in: folder.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        try runs.expectSameRun("\(folder.path)/whole", "\(folder.path)/parts", step: "step-000003")
        let real = try Raster(
            png: runs.bytes("\(folder.path)/whole/samples/real.png"), channels: 3, "real")
        #expect(
            (0..<real.pixels.count / 3).contains { real.pixels[3 * $0] != real.pixels[3 * $0 + 1] })
    }
}
