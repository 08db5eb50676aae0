import Foundation
import Ganymede
import TestSupport
import Testing

/// Pictures and noise that `generate`, `interpolate` and `compare` write.
@Suite(.timeLimit(.minutes(20)))
struct PictureTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let trained = try Command.run(
            ["train"] + small + ["--steps", "4", "--out", "run", "--quiet"], in: folder.path)
        #expect(trained.code == 0, "\(trained.errors)")
    }

    @discardableResult
    private func ganymede(_ arguments: String..., code: Int32 = 0) throws -> String {
        let result = try Command.run(arguments, in: folder.path)
        #expect(result.code == code, "\(arguments): \(result.errors)")
        return result.errors
    }

    private func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)"))
    }

    private func picture(_ name: String) throws -> Raster {
        try Raster(png: bytes(name), channels: 1, name)
    }

    @Test func onePictureHasNoBorder() throws {
        try ganymede("generate", "run", "--seeds", "7", "--scale", "8", "-o", "one.png")
        let one = try picture("one.png")
        #expect(one.width == 28 * 8 && one.height == 28 * 8)
        try ganymede("generate", "run", "--seeds", "7", "-o", "one.npy")
        let pixels = try bytes("one.npy").suffix(784)
        let corners = (0..<784).map { (index: Int) -> UInt8 in
            let (row, column) = (index / 28, index % 28)
            return one.pixels[row * 8 * 224 + column * 8]
        }
        #expect(Array(pixels) == corners)
        try ganymede("generate", "run", "--seeds", "0-3", "--grid", "2x2", "-o", "four.png")
        #expect(try picture("four.png").width > 2 * 28 * 2)
    }

    @Test func aFolderGetsAPictureForEachSample() throws {
        try ganymede("generate", "run", "--seeds", "3,12", "--scale", "1", "-o", "out/")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/out")
        #expect(names.sorted() == ["seed-000003.png", "seed-000012.png"])
        try ganymede("generate", "run", "--seeds", "12", "--scale", "1", "-o", "same.png")
        #expect(try picture("out/seed-000012.png") == picture("same.png"))
    }

    /// Saved noise makes the same bytes, and is what NumPy reads: 32-bit floats [N, latent].
    @Test func noiseComesBack() throws {
        try ganymede("generate", "run", "--seeds", "0-4", "--save-noise", "z.npy", "-o", "a.npy")
        try ganymede("generate", "run", "--noise", "z.npy", "-o", "b.npy")
        #expect(try bytes("a.npy") == bytes("b.npy"))
        let noise = try bytes("z.npy")
        let header = String(decoding: noise[10..<120], as: UTF8.self)
        #expect(header.contains("'descr': '<f4'") && header.contains("'shape': (5, 100)"))
        #expect(noise.count == 128 + 5 * 100 * 4)
        // Other noise makes other bytes.
        try folder.write("other.npy", noise.prefix(128) + Data(noise.dropFirst(128).reversed()))
        let other = try Command.run(
            ["generate", "run", "--noise", "other.npy", "-o", "c.npy"], in: folder.path)
        #expect(other.code != 0 || (try? bytes("c.npy")) != (try? bytes("a.npy")))
    }

    @Test func malformedNoiseIsRefused() throws {
        try ganymede("generate", "run", "--seeds", "0-4", "--save-noise", "z.npy", "-o", "a.npy")
        let good = try bytes("z.npy")
        func header(_ text: String) -> Data {
            let padded = text + String(repeating: " ", count: 117 - text.count) + "\n"
            return good.prefix(10) + Data(padded.utf8)
        }
        let nan = Data([0, 0, 0xC0, 0x7F])
        let files: [(String, Data)] = [
            ("empty", Data()), ("text", Data("noise".utf8)), ("cut", good.dropLast(3)),
            ("long", good + Data([0])), ("nan", good.prefix(128) + nan + good.dropFirst(132)),
            (
                "wide",
                header("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 125), }")
                    + good.dropFirst(128)
            ),
            (
                "bytes",
                header("{'descr': '|u1', 'fortran_order': False, 'shape': (20, 100), }")
                    + good.dropFirst(128)
            ),
            (
                "flat",
                header("{'descr': '<f4', 'fortran_order': False, 'shape': (500,), }")
                    + good.dropFirst(128)
            ),
            (
                "huge",
                header(
                    "{'descr': '<f4', 'fortran_order': False, 'shape': (92233720368547758, 100), }")
                    + good.dropFirst(128)
            ),
        ]
        for (name, data) in files {
            try folder.write("\(name).npy", data)
            let errors = try ganymede(
                "generate", "run", "--noise", "\(name).npy", "-o", "never.png", code: 1)
            #expect(errors.contains("\(name).npy"), "\(name): \(errors)")
        }
        try ganymede(
            "generate", "run", "--noise", "z.npy", "--seeds", "1", "-o", "never.png", code: 64)
        try ganymede("generate", "run", "--save-noise", "z.txt", "-o", "never.png", code: 64)
        try ganymede("generate", "run", "--scale", "0", "-o", "never.png", code: 64)
        try ganymede("generate", "run", "--scale", "65", "-o", "never.png", code: 64)
        try ganymede("generate", "run", "--scale", "2", "-o", "never.npy", code: 64)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/never.png"))
    }

    /// A page of runs of which one has no evaluator: its figures are left out, and the page is written.
    @Test func comparesWhatIsThere() throws {
        let copy = "\(folder.path)/other"
        try FileManager.default.copyItem(atPath: "\(folder.path)/run", toPath: copy)
        let points = try Command.run(
            [
                "train", "--preset", "points", "--batch", "32", "--steps", "3", "--out", "points",
                "--quiet",
            ], in: folder.path)
        #expect(points.code == 0, "\(points.errors)")
        let runs = ["run", "other", "points"] + (0..<9).map { "copy\($0)" }
        for name in runs.dropFirst(3) {
            try FileManager.default.copyItem(
                atPath: "\(folder.path)/run", toPath: "\(folder.path)/\(name)")
        }
        let result = try Command.run(
            ["compare"] + runs + ["--no-metrics", "-o", "twelve.html"], in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
        let page = try String(contentsOfFile: "\(folder.path)/twelve.html", encoding: .utf8)
        let looks = Set(
            page.matches(of: /<polyline [^>]*class="(s\d(?: d\d)?)/).map { String($0.1) })
        #expect(looks.count >= 12, "\(looks)")
    }
}
