import Foundation
import TestSupport
import Testing

/// Help texts, error messages and exit codes.
@Suite(.timeLimit(.minutes(20)))
struct MessageTests {
    @Test func helpIsPinned() throws {
        let folder = try TemporaryFolder()
        var text = ""
        for verb in [
            [], ["train"], ["resume"], ["generate"], ["interpolate"], ["summary"], ["presets"],
            ["report"], ["doctor"], ["studio"], ["data"], ["data", "list"], ["data", "inspect"],
            ["data", "fetch"],
            ["evaluate"], ["compare"], ["evaluator"], ["evaluator", "train"],
            ["evaluator", "list"], ["bench"], ["verify"], ["lesson"], ["lesson", "list"],
            ["lesson", "show"], ["lesson", "check"],
        ] {
            let result = try Command.run(
                verb + ["--help"], in: folder.path, environment: ["COLUMNS": "100"])
            #expect(result.code == 0)
            text += "$ ganymede \((verb + ["--help"]).joined(separator: " "))\n\(result.output)\n"
        }
        let difference = try Golden.difference(text, "help.txt")
        #expect(difference == nil)
    }

    /// Errors of files and data: code 1, one message, nothing overwritten.
    @Test func worldErrors() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", Data("precious".utf8))
        func expect(_ arguments: [String], _ message: String) throws {
            let result = try Command.run(arguments, in: folder.path)
            #expect(result.errors == "ganymede: \(message)\n")
            #expect(result.code == 1)
        }
        let train = ["train"] + small + ["--steps", "2", "--quiet"]
        try expect(
            train + ["--out", "file"],
            "cannot make the folder file: file is a file. Choose another --out, or move it away")
        try expect(
            train + ["--out", "file/run"],
            "cannot make the folder file/run: file is a file. Choose another --out, or move it away"
        )
        try expect(
            train + ["--data", "mnits"],
            "there is no dataset or folder called mnits. Did you mean \"mnist\"? Known: mnist, fashion-mnist, stacked-mnist, ring8, grid25; a folder holds pictures or IDX files"
        )
        try expect(
            ["resume", "nowhere"], "nowhere is not the folder of a run: it has no config.json")
        try expect(
            ["generate", "nowhere", "-o", "a.png"], "there is no run or checkpoint at nowhere")
        try expect(
            ["generate", "file", "-o", "a.png"],
            "file is not a whole .safetensors file: its header is cut short")
        try expect(
            ["train", "--config", "file"],
            "file, line 1, column 1: it holds keys and values, such as seed: 5")
        let first = try Command.run(train + ["--out", "run"], in: folder.path)
        #expect(first.code == 0, "\(first.errors)")
        try expect(
            train + ["--out", "run"],
            "the folder run is not empty; to resume the run in it: ganymede resume run")
        try expect(
            train + [
                "--out", "other", "--init-from", "run", "--set",
                "gan.discriminator.layers.3.units=8",
            ],
            """
            run/checkpoints/step-000002.safetensors is a checkpoint of another shape:
              discriminator.dense2.weight: [32,16] in the file, [32,8] in the network
              discriminator.dense2.bias: [16] in the file, [8] in the network
              discriminator.dense3.weight: [16,1] in the file, [8,1] in the network
            """)
        let config = try String(contentsOfFile: "\(folder.path)/run/config.json", encoding: .utf8)
        try folder.write(
            "run/config.json", Data(config.replacing("\"batch\" : 32", with: "\"batch\" : 16").utf8)
        )
        try expect(
            ["resume", "run", "--steps", "9"],
            """
            run/checkpoints/step-000002.safetensors belongs to other options than run/config.json holds:
              batch: 32, not 16
            The options that the run was trained with are in run/checkpoints/step-000002.safetensors: to go on with them: ganymede resume run --fall-back
            """)
        #expect(try String(contentsOfFile: "\(folder.path)/file", encoding: .utf8) == "precious")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/other"))
    }

    /// Damaged IDX files are named with the reason.
    @Test func brokenData() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/data", withIntermediateDirectories: true)
        func idx(_ shape: [UInt8], count: Int, magic: [UInt8]? = nil) -> Data {
            var data = Data(magic ?? [0, 0, 8, UInt8(shape.count)])
            for extent in shape { data.append(contentsOf: [0, 0, 0, extent]) }
            return data + Data(repeating: 7, count: count)
        }
        func expect(_ message: String) throws {
            let result = try Command.run(
                ["train"] + small + ["--steps", "1", "--data", "data", "--out", "run"],
                in: folder.path)
            #expect(result.errors == "ganymede: \(message)\n")
            #expect(result.code == 1)
            #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
        }
        let (images, labels) = ("data/train-images-idx3-ubyte", "data/train-labels-idx1-ubyte")
        try expect(
            "data holds no pictures: put files there that end in .png, .jpg, .jpeg, .gif, .webp, or IDX files"
        )
        try folder.write(images, idx([40, 28, 28], count: 40 * 784 - 1))
        try folder.write(labels, idx([40], count: 40))
        try expect(
            "\(images) is not an IDX file of images: its header promises 31360 bytes of data [40,28,28], and there are 31359"
        )
        try folder.write(images, idx([40, 28, 28], count: 40 * 784, magic: [0, 0, 9, 3]))
        try expect("\(images) is not an IDX file of images: it starts with 0 0 9 3, not 0 0 8 3")
        try folder.write(images, Data([0, 0, 8]))
        try expect("\(images) is not an IDX file of images: it has 3 bytes, less than a header")
        try folder.write(images, Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]))
        try expect("\(images) is a damaged or truncated gzip file: fetch it again")
        try folder.write(images, idx([40, 28, 28], count: 40 * 784))
        try folder.write(labels, idx([39], count: 39))
        try expect("data: there are 40 images and 39 labels")
        try folder.write(images, idx([20, 28, 28], count: 20 * 784))
        try folder.write(labels, idx([20], count: 20))
        try expect("data holds 20 images, less than a batch of 32: lower --batch")
    }

    /// A loss of NaN or infinity stops the run, names the tensor, and keeps the last good checkpoint.
    @Test func nonFiniteLossStops() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            ["train"] + small + [
                "--steps", "300", "--checkpoint-every", "2", "--quiet", "--out", "run",
                "--set", "gan.generator_optimizer.learning_rate=1e20",
            ], in: folder.path)
        #expect(result.code == 1)
        #expect(result.errors.contains("NaN or infinity. The first bad tensor is\n  %"))
        #expect(result.errors.contains("the last good checkpoint is run/checkpoints/step-"))
        // The journal has the steps before it.
        let journal = try String(
            contentsOfFile: "\(folder.path)/run/journal.jsonl", encoding: .utf8)
        #expect(!journal.isEmpty)
        let generated = try Command.run(["generate", "run", "-o", "a.png"], in: folder.path)
        #expect(generated.code == 0, "\(generated.errors)")
    }

    /// A dry run finds the same errors as a run.
    @Test func dryRunChecksTheWorld() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", Data("x".utf8))
        for (arguments, message) in [
            (["--data", "nosuch"], "there is no dataset or folder called nosuch"),
            (["--init-from", "nothing"], "there is no run or checkpoint at nothing"),
            (["--out", "file/x"], "cannot make the folder file/x: file is a file"),
        ] {
            let result = try Command.run(["train", "--dry-run"] + arguments, in: folder.path)
            #expect(
                result.code == 1 && result.errors.hasPrefix("ganymede: \(message)"),
                "\(result.errors)")
        }
    }

    /// Checkpoints with a tampered header or tampered values.
    @Test func tamperedCheckpoints() throws {
        let folder = try TemporaryFolder()
        let made = try Command.run(
            ["train"] + small + ["--steps", "1", "--quiet", "--out", "run"], in: folder.path)
        #expect(made.code == 0)
        let name = "run/checkpoints/step-000001.safetensors"
        let whole = try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)"))
        let minus = try #require(whole.range(of: Data("\"step\":\"1\"".utf8)))
        var negative = whole
        negative.replaceSubrange(minus, with: Data("\"step\":\"-\"".utf8))
        try folder.write(name, negative)
        let resumed = try Command.run(["resume", "run", "--steps", "5"], in: folder.path)
        #expect(
            resumed.code == 1 && resumed.errors.contains("step-000001.safetensors is damaged"),
            "\(resumed.errors)")
        var poisoned = whole
        poisoned.replaceSubrange(whole.count - 4..<whole.count, with: [0, 0, 0xc0, 0x7f])
        let header = 8 + Int(whole[0]) + Int(whole[1]) << 8
        for tensor in stride(from: header, to: whole.count - 4, by: 4000) {
            poisoned.replaceSubrange(tensor..<tensor + 4, with: [0, 0, 0xc0, 0x7f])
        }
        try folder.write(name, poisoned)
        let generated = try Command.run(["generate", "run", "-o", "a.png"], in: folder.path)
        #expect(
            generated.code == 1 && generated.errors.contains("step-000001.safetensors is damaged"),
            "\(generated.errors)")
    }

    @Test func moreMemoryThanThereIs() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            [
                "train", "--preset", "mlp", "--set", "gan.generator.layers.0.units=1000000",
                "--set",
                "gan.generator.layers.3.units=1000000", "--out", "run",
            ], in: folder.path)
        #expect(result.code == 1)
        #expect(result.errors.hasPrefix("ganymede: the program needs "), "\(result.errors)")
        #expect(result.errors.hasSuffix("take a smaller batch or smaller layers\n"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
    }

    @Test func dryRunTrainsNothing() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            ["train", "--dry-run", "--set", "momentum=0.5"], in: folder.path)
        #expect(result.code == 64, "three layers have a momentum: the key is ambiguous")
        let plain = try Command.run(["train", "--dry-run", "--batch", "17"], in: folder.path)
        #expect(plain.code == 0)
        let config =
            try JSONSerialization.jsonObject(with: Data(plain.output.utf8)) as? [String: Any]
        #expect(config?["batch"] as? Int == 17)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
