import Foundation
import TestSupport
import Testing

/// Help and error texts, and exit codes.
struct MessageTests {
    @Test func helpIsPinned() throws {
        let folder = try TemporaryFolder()
        var text = ""
        for verb in [
            [], ["train"], ["resume"], ["generate"], ["interpolate"], ["summary"], ["presets"],
            ["report"], ["data"], ["data", "list"], ["data", "inspect"], ["data", "fetch"],
            ["evaluator"], ["evaluator", "train"], ["evaluator", "list"], ["bench"],
        ] {
            let result = try Command.run(
                verb + ["--help"], in: folder.path, environment: ["COLUMNS": "100"])
            #expect(result.code == 0)
            text += "$ ganymede \((verb + ["--help"]).joined(separator: " "))\n\(result.output)\n"
        }
        let difference = try Golden.difference(text, "help.txt")
        #expect(difference == nil)
    }

    /// Everything wrong with the command line: found before any file is opened, code 64.
    static let usage: [(arguments: [String], message: String)] = [
        (
            ["train", "--preset", "mpl"],
            "ganymede: there is no preset \"mpl\". Did you mean \"mlp\"? Presets: mlp, dcgan, dense, conv-discriminator, all-conv, forger, toy\n"
        ),
        (["train", "--steps", "0"], "ganymede: --steps is at least 1, not 0\n"),
        (["train", "--batch=-4"], "ganymede: --batch is at least 1, not -4\n"),
        (["train", "--threads", "0"], "ganymede: --threads is at least 1, not 0\n"),
        (["train", "--seed=-1"], "ganymede: --seed is not negative, and not -1\n"),
        (["train", "--sample-every", "0"], "ganymede: --sample-every is at least 1, not 0\n"),
        (["train", "--epochs=-1"], "ganymede: --epochs is above 0, not -1.0\n"),
        (
            ["train", "--size", "2"],
            "ganymede: mlp cannot make images of 2 pixels; the nearest it can is 4\n"
        ),
        (["train", "--channels", "2"], "ganymede: --channels is 1 or 3, not 2\n"),
        (
            ["train", "--preset", "mlp", "--data", "ring8"],
            "ganymede: ring8 holds points, and these networks make images: use --preset toy\n"
        ),
        (
            ["train", "--preset", "toy", "--data", "fashion-mnist"],
            "ganymede: fashion-mnist holds images, and these networks make points: use another --preset, "
                + "or --data ring8 or grid25\n"
        ),
        (
            ["train", "--data", "grid25", "--channels", "3"],
            "ganymede: toy makes points of the plane: it takes no --size and no --channels\n"
        ),
        (
            ["train", "--data", "stacked-mnist", "--channels", "1"],
            "ganymede: stacked-mnist is in colour: --channels 3, not 1\n"
        ),
        (
            ["data", "inspect", "ring8", "--size", "28"],
            "ganymede: ring8 holds points: it takes no --size and no --channels\n"
        ),
        (
            ["data", "fetch", "ring8"],
            "ganymede: ring8 is inside this command: nothing to fetch\n"
        ),
        (
            ["summary", "--preset", "toy", "--size", "28"],
            "ganymede: toy makes points of the plane: it takes no --size and no --channels\n"
        ),
        (
            ["train", "--steps", "5", "--epochs", "1"],
            "ganymede: give --steps or --epochs, not both\n"
        ),
        (
            ["train", "--precision", "f23"],
            "ganymede: there is no precision \"f23\". Did you mean \"f32\"? Precisions: auto, f32, bf16\n"
        ),
        (["train", "--set", "seed"], "ganymede: --set takes key=value, not \"seed\"\n"),
        (
            ["train", "--set", "sead=1"],
            "ganymede: --set: there is no key \"sead\". Did you mean \"seed\"? Keys are the paths in config.json, "
                + "such as gan.generator_optimizer.learning_rate\n"
        ),
        (
            ["train", "--set", "learning_rate=1"],
            "ganymede: --set: the key \"learning_rate\" could be gan.discriminator_optimizer.learning_rate or "
                + "gan.generator_optimizer.learning_rate\n"
        ),
        (
            ["train", "--set", "batch=many"],
            "ganymede: --set batch=many: batch: this should be a Int\n"
        ),
        (
            ["generate", "nowhere", "-o", "a.jpg"],
            "ganymede: --output ends in .png, .npy or .idx, not \"a.jpg\"\n"
        ),
        (
            ["generate", "nowhere", "--seeds", "5-2", "-o", "a.png"],
            "ganymede: --seeds is a list such as 0,1,4-6, not \"5-2\"\n"
        ),
        (
            ["generate", "nowhere", "--grid", "2x2", "-o", "a.png"],
            "ganymede: --grid 2x2 has 4 places for 64 seeds\n"
        ),
        (
            ["interpolate", "nowhere", "--seeds", "0,1", "-o", "a.mp4"],
            "ganymede: --output ends in .gif or .png, not \"a.mp4\"\n"
        ),
        (
            ["interpolate", "nowhere", "--seeds", "7", "-o", "a.gif"],
            "ganymede: --seeds names two or more to walk between, not \"7\"\n"
        ),
        (
            ["interpolate", "nowhere", "--seeds", "1,x", "-o", "a.gif"],
            "ganymede: --seeds is a list such as 0,1,4-6, not \"1,x\"\n"
        ),
        (
            ["interpolate", "nowhere", "--seeds", "0,1", "--frames", "0", "-o", "a.gif"],
            "ganymede: --frames is at least 1, not 0\n"
        ),
        (
            ["interpolate", "nowhere", "--seeds", "0-99", "--frames", "500", "-o", "a.gif"],
            "ganymede: 99 legs of 500 frames are more than 10000 images: ask for fewer --frames or --seeds\n"
        ),
        (["resume", "nowhere", "--steps", "0"], "ganymede: --steps is at least 1, not 0\n"),
        (
            ["data", "fetch", "fashion-mnits"],
            "ganymede: there is no dataset \"fashion-mnits\". Did you mean \"fashion-mnist\"? To be fetched: fashion-mnist\n"
        ),
        (
            ["data", "fetch", "mnist"],
            "ganymede: mnist is inside this command: nothing to fetch\n"
        ),
        (
            ["data", "fetch", "fashion-mnist", "--from", "ftp://somewhere"],
            "ganymede: --from is an https address (or http://localhost, http://127.0.0.1), not \"ftp://somewhere\"\n"
        ),
        (
            ["data", "inspect", "mnist", "--size", "0"],
            "ganymede: --size is from 4 to 1024, not 0\n"
        ),
        (
            ["data", "inspect", "mnist", "--channels", "2"],
            "ganymede: --channels is 1 or 3, not 2\n"
        ),
        (
            ["data", "inspect", "mnist", "-o", "a.npy"],
            "ganymede: --output ends in .png, not \"a.npy\"\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--epochs", "0"],
            "ganymede: --epochs is from 1 to 100000, not 0\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--batch", "0"],
            "ganymede: --batch is from 1 to 65536, not 0\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--seed=-1"],
            "ganymede: --seed is from 0 on, not -1\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--threads", "0"],
            "ganymede: --threads is from 1 to 1024, not 0\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--learning-rate", "0"],
            "ganymede: --learning-rate is above 0 and at most 1, not 0.0\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--size", "2"],
            "ganymede: --size is from 4 to 256, not 2\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--channels", "2"],
            "ganymede: --channels is 1 or 3, not 2\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--precision", "bf61"],
            "ganymede: there is no precision \"bf61\". Did you mean \"bf16\"? Precisions: auto, f32, bf16\n"
        ),
        (
            ["evaluator", "train", "--data", "mnist", "--confusion", "a.jpg"],
            "ganymede: --confusion ends in .png or .svg, not \"a.jpg\"\n"
        ),
        (
            ["summary", "--preset", "MLP2"],
            "ganymede: there is no preset \"MLP2\". Did you mean \"mlp\"? Presets: mlp, dcgan, dense, conv-discriminator, all-conv, forger, toy\n"
        ),
    ]

    @Test(arguments: usage)
    func usageErrors(arguments: [String], message: String) throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(arguments, in: folder.path)
        #expect(result.errors == message)
        #expect(result.code == 64)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func unknownFlagIsSuggested() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(["train", "--step", "5"], in: folder.path)
        #expect(result.code == 64)
        #expect(result.errors.hasPrefix("Error: Unknown option '--step'. Did you mean '--steps'?"))
        let verb = try Command.run(["trian"], in: folder.path)
        #expect(verb.code == 64)
    }

    /// What the world can get wrong: code 1, one message, nothing overwritten.
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
        try expect(["train", "--config", "file"], "file: The given data was not valid JSON.")
        let first = try Command.run(train + ["--out", "run"], in: folder.path)
        #expect(first.code == 0, "\(first.errors)")
        try expect(
            train + ["--out", "run"],
            "the folder run is not empty; to go on with the run in it: ganymede resume run")
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
            """)
        #expect(try String(contentsOfFile: "\(folder.path)/file", encoding: .utf8) == "precious")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/other"))
    }

    /// Broken IDX files are named with what is wrong.
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

    /// A loss that is not finite stops the run, names the tensor, and keeps the last good checkpoint.
    @Test func nonFiniteLossStops() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            ["train"] + small + [
                "--steps", "300", "--checkpoint-every", "2", "--quiet", "--out", "run",
                "--set", "gan.generator_optimizer.learning_rate=1e20",
            ], in: folder.path)
        #expect(result.code == 1)
        #expect(result.errors.contains("a number is not finite. The first bad tensor is\n  %"))
        #expect(result.errors.contains("the last good checkpoint is run/checkpoints/step-"))
        // The way there can be read.
        let journal = try String(
            contentsOfFile: "\(folder.path)/run/journal.jsonl", encoding: .utf8)
        #expect(!journal.isEmpty)
        let generated = try Command.run(["generate", "run", "-o", "a.png"], in: folder.path)
        #expect(generated.code == 0, "\(generated.errors)")
    }

    /// A dry run finds what a run would.
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

    /// A checkpoint whose header or numbers were tampered with.
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
            resumed.code == 1 && resumed.errors.contains("lacks the header's fields"),
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
            generated.code == 1 && generated.errors.contains("not finite"), "\(generated.errors)")
    }

    @Test func moreMemoryThanThereIs() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            [
                "train", "--set", "gan.generator.layers.0.units=1000000", "--set",
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
