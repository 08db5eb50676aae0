import Foundation
import Ganymede
import TestSupport
import Testing

/// `ganymede data`, and training on the inspected data.
@Suite(.timeLimit(.minutes(20)))
struct DataCommandTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs with separate folders in place of the user's and the system's.
    func run(_ arguments: [String]) throws -> Command.Result {
        var environment = ["GANYMEDE_DATA": ""]
        for name in ["XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS"] {
            environment[name] = "\(folder.path)/.\(name)"
        }
        return try Command.run(arguments, in: folder.path, environment: environment)
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder.path)/\(name)")
    }

    /// A small folder with two classes of pictures in several formats.
    func writePictures(_ count: Int = 3) throws {
        for index in 0..<count {
            let pixels = [UInt8](repeating: UInt8(index * 20), count: 12 * 10)
            let raster = Raster(height: 12, width: 10, channels: 1, pixels: pixels)
            try folder.write("toys/cats/\(10 + index).png", raster.png())
        }
        for name in ["rgb.jpg", "still.gif", "lossless.webp"] {
            try folder.write("toys/dogs/\(name)", Fixtures.data("pictures/opaque/\(name)"))
        }
    }

    @Test func textsArePinned() throws {
        try writePictures()
        var text = ""
        func add(_ arguments: [String], code: Int32) throws {
            let result = try run(["data"] + arguments)
            #expect(result.code == code)
            text +=
                "$ ganymede data \(arguments.joined(separator: " "))\n\(result.output)\(result.errors)\n"
        }
        try add(["list"], code: 0)
        try add(["inspect", "mnist"], code: 0)
        try add(["inspect", "stacked-mnist"], code: 0)
        try add(["inspect", "ring8", "-o", "ring.png"], code: 0)
        try add(["inspect", "toys", "--size", "8", "--channels", "3", "-o", "grid.png"], code: 0)
        try folder.write(
            "toys/dogs/broken.jpg", Fixtures.data("pictures/opaque/rgb.jpg").prefix(300))
        try folder.write("toys/dogs/text.png", Data("hello".utf8))
        try folder.write("toys/notes.txt", Data("hello".utf8))
        try add(["inspect", "toys"], code: 1)
        try FileManager.default.removeItem(atPath: "\(folder.path)/toys/dogs/text.png")
        try add(["inspect", "toys/dogs"], code: 1)
        try FileManager.default.removeItem(atPath: "\(folder.path)/toys/dogs")
        try add(["inspect", "toys"], code: 0)
        try add(["inspect", "fashion-mnist"], code: 1)
        try add(["inspect", "toys/cats/10.png"], code: 1)
        try add(["inspect", "nowhere"], code: 1)
        let difference = try Golden.difference(text, "data.txt")
        #expect(difference == nil)
        // Six images of 8 by 8 pixels in a grid of 2 rows and 3 columns, each pixel twice as large.
        let grid = try Data(contentsOf: URL(filePath: "\(folder.path)/grid.png"))
        let raster = try Raster(png: grid, channels: 3, "grid")
        #expect(raster.width == 3 * 20 + 4 && raster.height == 2 * 20 + 4)
    }

    /// Training on a folder: the second run uses the cache, and an unusable picture is an error before the run's folder
    /// is made.
    @Test func trainOnAFolder() throws {
        try writePictures(9)
        let train =
            ["train"] + small + [
                "--data", "toys", "--batch", "4", "--steps", "2", "--size", "8", "--channels", "3",
                "--quiet",
            ]
        let first = try run(train + ["--out", "a"])
        #expect(first.code == 0 && first.errors == "", "\(first.errors)")
        let cache = "\(folder.path)/.XDG_CACHE_HOME/ganymede"
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache).count == 1)
        let second = try run(train + ["--out", "b"])
        #expect(second.code == 0, "\(second.errors)")
        #expect(try run(["resume", "b", "--steps", "3", "--quiet"]).code == 0)
        let name = "checkpoints/step-000002.safetensors"
        #expect(
            try Data(contentsOf: URL(filePath: "\(folder.path)/a/\(name)"))
                == Data(contentsOf: URL(filePath: "\(folder.path)/b/\(name)")))

        for index in 0..<12 { try folder.write("toys/dogs/\(10 + index).png", Data()) }
        let stopped = try run(train + ["--out", "c"])
        #expect(stopped.code == 1 && !exists("c"))
        let lines = stopped.errors.split(separator: "\n")
        #expect(lines.first == "ganymede: 12 of 24 pictures cannot be used:")
        #expect(lines.dropFirst().first == "  toys/dogs/10.png is empty")
        #expect(lines.contains("  and 2 more"))
        #expect(
            lines.last
                == "Replace them or take them out; all are listed by ganymede data inspect toys")
        let resumed = try run(["resume", "b", "--steps", "9", "--quiet"])
        #expect(resumed.code == 1)
    }

    /// A failed download leaves nothing, and the message says what went wrong.
    @Test func fetchFaults() throws {
        let name = "t10k-images-idx3-ubyte.gz"
        let start = Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) + Data(repeating: 7, count: 9000)
        for (answer, message) in [
            (.init(start, promised: 90_000), "cannot fetch SERVER/\(name): curl: (18) "),
            (.page, "SERVER/\(name) gave a web page, not a gzip file"),
            (.init(start), "SERVER/\(name) gave a damaged file, or another one"),
            (.missing, "cannot fetch SERVER/\(name): curl: (22) "),
        ] as [(LocalServer.Answer, String)] {
            let server = try LocalServer(["/fashion/\(name)": answer])
            defer { server.stop() }
            let source = server.address + "/fashion"
            let result = try run(["data", "fetch", "fashion-mnist", "--from", source])
            let errors = result.errors.replacing(source, with: "SERVER")
            #expect(result.code == 1 && result.output == "")
            #expect(errors.hasPrefix("ganymede: \(message)"), "\(errors)")
            #expect(!exists(".XDG_DATA_HOME"))
        }
    }

    @Test func fetchNeedsCurl() throws {
        let result = try Command.run(
            ["data", "fetch", "fashion-mnist", "--to", "new"], in: folder.path,
            environment: ["PATH": "/nonexistent"])
        #expect(result.code == 1 && !exists("new"))
        #expect(
            result.errors.hasPrefix(
                "ganymede: the curl command is missing: install it (apt install curl)"))
    }
}
