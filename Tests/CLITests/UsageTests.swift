import Foundation
import TestSupport
import Testing

/// Faults of command lines, and their messages.
@Suite(.timeLimit(.minutes(20)))
struct UsageTests {
    /// Faults of command lines: found before any file is opened, exit code 64.
    static let usage: [(arguments: [String], message: String)] = [
        (
            ["train", "--preset", "mpl"],
            "ganymede: there is no preset \"mpl\". Did you mean \"mlp\"? Presets: flagship, stacked, points, mlp, dcgan, dense, conv-discriminator, all-conv, forger, toy\n"
        ),
        (["train", "--steps", "0"], "ganymede: --steps is at least 1, not 0\n"),
        (["train", "--batch=-4"], "ganymede: --batch is at least 1, not -4\n"),
        (["train", "--threads", "0"], "ganymede: --threads is at least 1, not 0\n"),
        (["train", "--seed=-1"], "ganymede: --seed is not negative, and not -1\n"),
        (["train", "--sample-every", "0"], "ganymede: --sample-every is at least 1, not 0\n"),
        (["train", "--epochs=-1"], "ganymede: --epochs is above 0, not -1.0\n"),
        (
            ["train", "--preset", "mlp", "--size", "2"],
            "ganymede: mlp cannot make images of 2 pixels; the nearest it can is 4\n"
        ),
        (["train", "--channels", "2"], "ganymede: --channels is 1 or 3, not 2\n"),
        (
            ["train", "--preset", "mlp", "--data", "ring8"],
            "ganymede: ring8 holds points, and these networks make images: use --preset points\n"
        ),
        (
            ["train", "--preset", "toy", "--data", "fashion-mnist"],
            "ganymede: fashion-mnist holds images, and these networks make points: use another --preset, "
                + "or --data ring8 or grid25\n"
        ),
        (
            ["train", "--data", "grid25", "--channels", "3"],
            "ganymede: points makes points of the plane: it takes no --size and no --channels\n"
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
            "ganymede: --set batch=many: batch: this should be a whole number. Permitted: 1 to 65536\n"
        ),
        (
            ["generate", "nowhere", "-o", "a.jpg"],
            "ganymede: --output ends in .png, .npy or .idx, or in / for a folder, not \"a.jpg\"\n"
        ),
        (
            ["generate", "nowhere", "--seeds", "5-2", "-o", "a.png"],
            "ganymede: --seeds is a list such as 0,1,4-6, not \"5-2\"\n"
        ),
        (
            ["generate", "nowhere", "--grid", "2x2", "-o", "a.png"],
            "ganymede: --grid 2x2 has 4 places for 64 images\n"
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
            ["evaluator", "train", "--data", "mnist", "--held-share", "1"],
            "ganymede: --held-share is between 0 and 1, not 1.0\n"
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
            "ganymede: there is no preset \"MLP2\". Did you mean \"mlp\"? Presets: flagship, stacked, points, mlp, dcgan, dense, conv-discriminator, all-conv, forger, toy\n"
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
}
