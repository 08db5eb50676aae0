import Foundation
import Ganymede
import TestSupport
import Testing

/// The command `ganymede evaluator`.
@Suite(.timeLimit(.minutes(20)))
struct EvaluatorCommandTests {
    /// Writes pictures of 8x8 pixels, dark or bright depending on their folder.
    private func pictures(
        _ classes: [String], count: Int, in folder: TemporaryFolder, at path: String = "pictures"
    ) throws {
        var numbers = TestNumbers(seed: 3)
        for (label, name) in classes.enumerated() {
            for index in 0..<count {
                let pixels = (0..<64).map { _ in UInt8(label * 120 + Int(numbers.next() % 100)) }
                let raster = Raster(height: 8, width: 8, channels: 1, pixels: pixels)
                try folder.write("\(path)/\(name)/\(index).png", raster.png())
            }
        }
    }

    private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Command.Result {
        try Command.run(
            ["evaluator"] + arguments, in: folder.path,
            environment: ["XDG_CACHE_HOME": folder.path + "/cache"])
    }

    /// Training on a folder writes a file that the recorded command reproduces bit for bit, and that describes itself.
    @Test func trainsOnAFolder() throws {
        let folder = try TemporaryFolder()
        try pictures(["dark", "light"], count: 30, in: folder)
        let options = ["--data", "pictures", "--size", "8", "--epochs", "8", "--threads", "2"]
        let made = try run(
            ["train"] + options + ["--confusion", "table.svg"], in: folder)
        #expect(made.code == 0, "\(made.errors)")
        #expect(made.output.contains("% of 8 test images classified correctly, score "))
        #expect(made.output.contains("evaluator-pictures.safetensors, made in "))
        #expect(made.output.contains(" img/s  [##########]  done in "))
        let path = "\(folder.path)/evaluator-pictures.safetensors"
        let evaluator = try Evaluator(reading: path)
        #expect(evaluator.classNames == ["dark", "light"] && evaluator.image == [8, 8, 1])
        let table = try String(contentsOfFile: "\(folder.path)/table.svg", encoding: .utf8)
        #expect(table.hasPrefix("<svg") && table.contains("light"))

        // The recorded command writes the same bytes.
        let words = evaluator.command.split(separator: " ").map(String.init)
        #expect(words.prefix(3) == ["ganymede", "evaluator", "train"])
        let again = try run(
            Array(words.dropFirst(2)) + ["--quiet", "-o", "again"], in: folder)
        #expect(again.code == 0 && again.output.isEmpty, "\(again.errors)")
        #expect(try Evaluator(reading: "\(folder.path)/again").digest == evaluator.digest)

        let listed = try run(["list", "again"], in: folder)
        #expect(listed.output == evaluator.text + "\n" && listed.code == 0)
    }

    @Test func listsWhatIsShipped() throws {
        let folder = try TemporaryFolder()
        let result = try run(["list"], in: folder)
        #expect(result.code == 0, "\(result.errors)")
        for name in Evaluator.shippedNames {
            let evaluator = try #require(try Evaluator.shipped(for: name))
            #expect(result.output.contains("\(name): "))
            #expect(result.output.contains(evaluator.digest))
            #expect(result.output.contains(evaluator.command))
        }
    }

    /// Errors of files and data: code 1, one message, nothing written.
    @Test func worldErrors() throws {
        let folder = try TemporaryFolder()
        try pictures(["dark", "light"], count: 4, in: folder)
        try pictures(["only"], count: 9, in: folder, at: "one")
        try pictures(["dark", "light"], count: 3, in: folder, at: "few")
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/flat", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: "\(folder.path)/one/only/1.png", toPath: "\(folder.path)/flat/1.png")
        func expect(_ arguments: [String], _ message: String) throws {
            let result = try run(arguments, in: folder)
            #expect(result.code == 1 && result.output.isEmpty)
            #expect(
                result.errors.hasPrefix("ganymede: ") && result.errors.contains(message),
                "\(result.errors)")
        }
        // Without classes it would learn from copies, and of more images.
        for folder in ["one", "flat"] {
            try expect(
                ["train", "--data", folder],
                "images, and an evaluator without labels learns from 40 at least")
        }
        try expect(["train", "--data", "few"], "few has 3 of the class dark")
        try expect(["train", "--data", "nowhere"], "no dataset or folder called nowhere")
        try expect(["train", "--data", "pictures", "-o", "one"], "one is a folder, not a file")
        try expect(["train", "--data", "pictures", "-o", "no/file"], "cannot write no/file")
        try expect(["list", "pictures/dark/0.png"], "is not a whole .safetensors file")
        try expect(["list", "nowhere"], "cannot read nowhere")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!files.contains { $0.contains("evaluator") || $0.contains("partial") })
    }

    /// Ctrl-C stops it soon, prints a message, and leaves no files.
    @Test func interruptWritesNothing() throws {
        let folder = try TemporaryFolder()
        try pictures(["dark", "light"], count: 20, in: folder)
        let running = try Command.start(
            [
                "evaluator", "train", "--data", "pictures", "--size", "8", "--epochs", "100000",
                "-o", "made",
            ],
            in: folder.path, environment: ["XDG_CACHE_HOME": folder.path + "/cache"])
        func hasBegun() throws -> Bool {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            return try names.filter { $0.hasPrefix(".output") }.contains {
                try String(contentsOfFile: "\(folder.path)/\($0)", encoding: .utf8).contains("step")
            }
        }
        while try running.isRunning && !hasBegun() { usleep(1000) }
        running.interrupt()
        let result = running.wait()
        #expect(result.code == 130 && result.output.contains("Stopped: nothing was written."))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasPrefix("made") })
    }
}
