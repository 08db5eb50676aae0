import Foundation
import Ganymede
import TestSupport
import Testing

/// Runs on computed datasets.
@Suite(.timeLimit(.minutes(10)))
struct DataRunTests {
    let runs = RunTests()

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
        for (arguments, message) in [
            (
                ["generate", "whole", "-o", "a.idx"],
                "an .idx file holds images, and this system makes points: use .npy or .png"
            ),
            (
                ["generate", "whole", "--grid", "8x8", "-o", "a.png"],
                "--grid is for images: points have no rows"
            ),
            (
                ["interpolate", "whole", "--seeds", "0,1", "-o", "a.gif"],
                "points make no film: -o walk.png draws the whole way"
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
