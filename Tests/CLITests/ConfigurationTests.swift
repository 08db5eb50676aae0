import Foundation
import Ganymede
import TestSupport
import Testing

/// Configuration files, as a user writes them, and the flags beside them.
@Suite(.timeLimit(.minutes(20)))
struct ConfigurationTests {
    private func resolved(_ arguments: [String], in folder: TemporaryFolder) throws -> JSONValue {
        let result = try Command.run(
            ["train", "--dry-run", "--precision", "f32"] + arguments, in: folder.path)
        #expect(result.code == 0, "\(arguments): \(result.errors)")
        return try JSON.decoder().decode(JSONValue.self, from: Data(result.output.utf8))
    }

    private func write(_ text: String, to name: String, in folder: TemporaryFolder) throws {
        try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }

    /// What --print-config writes is read back as the same options.
    @Test(arguments: Presets.all.map(\.name))
    func printedConfigurationsAreReadBack(name: String) throws {
        let folder = try TemporaryFolder()
        let change = ["--preset", name, "--learning-rate", "3e-4,1e-4", "--batch", "16"]
        let printed = try Command.run(["train", "--print-config"] + change, in: folder.path)
        #expect(printed.code == 0 && printed.output.contains("  # random seed (0 on)"))
        #expect(printed.output.contains("; default: "))
        try write(printed.output, to: "mine.yaml", in: folder)
        #expect(
            try resolved(["--config", "mine.yaml"], in: folder) == resolved(change, in: folder))
    }

    /// Two lines are a whole file to hand out.
    @Test func partsOfAConfiguration() throws {
        let folder = try TemporaryFolder()
        try write("preset: dense\nseed: 5 # mine\n", to: "small.yaml", in: folder)
        let flags = ["--preset", "dense", "--seed", "5"]
        #expect(
            try resolved(["--config", "small.yaml"], in: folder) == resolved(flags, in: folder))
        // Flags win over the file, and another kind takes its defaults.
        try write(
            """
            steps: 500
            gan:
              loss: {kind: hinge}
              generator_optimizer: {learning_rate: 0.0005}
              ema: null
            """, to: "more.yaml", in: folder)
        let more = try resolved(["--config", "more.yaml", "--seed", "3"], in: folder).leaves
        #expect(more["gan.loss.kind"] == .string("hinge") && more["seed"] == .integer(3))
        #expect(more["gan.loss.label_smoothing"] == nil && more["gan.ema"] == .null)
        #expect(more["gan.generator_optimizer.learning_rate"] == .number(5e-4))
        // The preset's schedule ends with the file's steps.
        #expect(more["gan.discriminator_optimizer.learning_rate.end"] == .integer(500))
        try write(#"{"preset": "mlp", "batch": 8}"#, to: "part.json", in: folder)
        let part = try resolved(["--config", "part.json"], in: folder).leaves
        #expect(part["batch"] == .integer(8) && part["preset"] == .string("mlp"))
    }

    /// Networks of one's own are no preset's, and what the file leaves out is as in the library.
    @Test func networksOfOnesOwn() throws {
        let folder = try TemporaryFolder()
        try write(
            """
            steps: 300
            gan:
              generator:
                input: [16]
                layers: [{kind: dense, units: 64}, {kind: tanh}, {kind: reshape, shape: [8, 8, 1]}]
              discriminator: # its name is left out
                input: [8, 8, 1]
                layers:
                  - {kind: conv2d, filters: 4, kernel_size: 4, strides: 2, padding: same}
                  - leaky_relu
                  - flatten
                  - {kind: dense, units: 1}
            """, to: "mine.yaml", in: folder)
        let found = try resolved(["--config", "mine.yaml", "--seed", "2"], in: folder).leaves
        #expect(found["preset"] == nil && found["class_names"] == nil)
        #expect(found["size"] == .integer(8) && found["channels"] == .integer(1))
        #expect(found["steps"] == .integer(300) && found["gan.ema"] == .null)
        #expect(found["gan.loss.kind"] == .string("non-saturating"))
        #expect(found["gan.discriminator.layers.0.use_bias"] == .bool(true))
        #expect(found["gan.discriminator.layers.0.kernel_size.1"] == .integer(4))
        // With a preset's name it is what that preset has besides its networks.
        let hinge = try resolved(
            ["--config", "mine.yaml", "--preset", "dense", "--size", "8", "--loss", "hinge"],
            in: folder
        ).leaves
        #expect(hinge["preset"] == .string("dense") && hinge["gan.loss.kind"] == .string("hinge"))
        let result = try Command.run(
            ["train", "--config", "mine.yaml", "--size", "28"], in: folder.path)
        #expect(result.code == 64 && result.errors.contains("--config already says"))
    }

    /// The files in docs/configuration.md.
    @Test func documentedFiles() throws {
        let text = try String(
            contentsOf: AddingTests.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let files = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(files.count == 3)
        let folder = try TemporaryFolder()
        for file in files {
            try write(file, to: "a.yaml", in: folder)
            let found = try resolved(["--config", "a.yaml"], in: folder).leaves
            #expect(found["gan.generator_optimizer.kind"] == .string("adam"))
            // A number of steps in the file is kept, whatever length the preset would have with other images.
            if let said = file.firstMatch(of: /\nsteps: (\d+)/)
                ?? file.firstMatch(of: /^steps: (\d+)/)
            {
                #expect(found["steps"]?.text == String(said.1))
            }
        }
    }

    @Test(arguments: [
        (
            "preset: dense\nsed: 5\n",
            "c.yaml, line 2, column 1: sed: there is no key \"sed\". Did you mean \"seed\"?"
        ),
        ("seed: five\n", "c.yaml, line 1, column 1: seed: this should be a whole number"),
        (
            "gan:\n  loss: {kind: hing}\n",
            "there is no loss \"hing\" in the registry. Did you mean \"hinge\"?"
        ),
        ("precision: bf17\n", "precision: there is no such value. Permitted: auto, f32, bf16"),
        (
            "gan:\n  regularizers: [{kind: r1, method: exakt}]\n",
            "Permitted: exact, directional, random"
        ),
        (
            "gan:\n  loss: {kind: hinge, slope: 2}\n",
            "line 2, column 23: gan.loss.slope: there is no key \"slope\""
        ),
        ("sedd:\n", "line 1, column 1: sedd: there is no key \"sedd\""),
        ("duration: 60\n", "chooses nothing: give --for"),
        (
            "gan: {ema: {decay: 0.9}}\nsteps: 10\ngan_: 1\n",
            "there is no key \"gan_\""
        ),
        (
            "gan:\n  discriminator_optimizer:\n    learning_rate: {from: 1, to: 0, end: 9223372036854775807}\n",
            "a billion at most"
        ),
        (
            (1...8).reduce("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n") { text, level in
                let same = [String](repeating: "*a\(level - 1)", count: 9)
                return text + "a\(level): &a\(level) [\(same.joined(separator: ", "))]\n"
            }, "it holds more than 1000000 values"
        ),
        ("seed: [\n", "c.yaml: line 2, column 1: "),
        ("seed: 1\nseed: 2\n", "the key seed is there twice"),
        ("", "c.yaml: the file is empty"), ("- 1\n", "it holds keys and values"),
        ("preset: mpl\n", "there is no preset \"mpl\". Did you mean \"mlp\"?"),
    ])
    func wrongFiles(text: String, message: String) throws {
        let folder = try TemporaryFolder()
        try write(text, to: "c.yaml", in: folder)
        let result = try Command.run(
            ["train", "--config", "c.yaml", "--out", "run"], in: folder.path)
        // What the file says is a file's fault; what it asks for is the user's.
        let isUsage = ["mpl", "duration", "end: 9"].contains { text.contains($0) }
        #expect(
            result.code == (isUsage ? 64 : 1) && result.errors.contains(message),
            "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
    }

    @Test(arguments: [
        (["--loss", "hing"], "there is no loss \"hing\". Did you mean \"hinge\"?"),
        (["--optimizer", "adm"], "Did you mean \"adam\"?"),
        (["--learning-rate", "0"], "--learning-rate is a number above 0"),
        (["--learning-rate", "1,2,3"], "or two as in 1e-4,4e-4"),
        (["--set", "precision=bf1"], "Permitted: auto, f32, bf16"),
        (["--for", "60x"], "--for is a time such as 60s, 5m or 1h30m"),
        (["--for", "0s"], "--for is a time"),
        (["--for", "60s", "--steps", "5"], "give --steps or --for, not both"),
        (["--for", "0.1s"], "less than 100 show nothing: take --for "),
        (["--for", "1000h"], "at most 30 days"),
        (["--for", "60s", "--print-config"], "--print-config trains none: give --steps"),
    ])
    func wrongFlags(arguments: [String], message: String) throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(["train", "--out", "run"] + arguments, in: folder.path)
        #expect(result.code == 64 && result.errors.contains(message), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
    }

    @Test func flagsOfTheRecipe() throws {
        let folder = try TemporaryFolder()
        let found = try resolved(
            [
                "--loss", "hinge", "--optimizer", "rmsprop", "--learning-rate", "1e-3,4e-4",
                "--no-labels",
            ],
            in: folder
        ).leaves
        #expect(found["gan.loss.kind"] == .string("hinge"))
        #expect(found["gan.generator_optimizer.kind"] == .string("rmsprop"))
        #expect(found["gan.generator_optimizer.learning_rate.from"] == .number(1e-3))
        #expect(found["gan.discriminator_optimizer.learning_rate.from"] == .number(4e-4))
        #expect(
            found["class_names"] == nil && found["gan.generator.layers.0.kind"] == .string("dense"))
        let help = try Command.run(["train", "--set", "help"], in: folder.path).output
        #expect(help.contains("gan.loss.kind=\"non-saturating\""))
        #expect(
            help.contains("precision=\"auto\"  number format of computations (auto, f32, bf16)"))
    }

    /// Steps for a time are chosen, recorded and said, and are those of the same number of steps.
    @Test func stepsForATime() throws {
        let folder = try TemporaryFolder()
        let train = [
            "train", "--preset", "flagship", "--precision", "f32", "--metrics-every", "0",
            "--batch", "8",
        ]
        let run = try Command.run(train + ["--for", "2s", "--out", "run"], in: folder.path)
        #expect(
            run.code == 0 && (run.errors + run.output).contains("2 s of training: "),
            "\(run.errors)")
        let content = try Data(contentsOf: URL(filePath: "\(folder.path)/run/config.json"))
        let config = try JSON.decoder().decode(JSONValue.self, from: content).leaves
        #expect(config["duration"] == .integer(2) || config["duration"] == .number(2))
        guard case .integer(let steps) = config["steps"] else {
            Issue.record("no steps")
            return
        }
        #expect(config["gan.generator_optimizer.learning_rate.end"] == .integer(steps))
        let same = try Command.run(
            train + ["--steps", "\(steps)", "--quiet", "--out", "same"], in: folder.path)
        #expect(same.code == 0)
        let name = "checkpoints/latest"
        let latest = try String(contentsOfFile: "\(folder.path)/run/\(name)", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        // The headers differ in the options: one names the time.
        #expect(
            try trainedTensors("\(folder.path)/run/checkpoints/\(latest)")
                == trainedTensors("\(folder.path)/same/checkpoints/\(latest)"))
    }

    /// Images of one class, of several in rows, and between classes.
    @Test func classesOfAModel() throws {
        let folder = try TemporaryFolder()
        func run(_ arguments: [String]) throws -> Command.Result {
            try Command.run(arguments, in: folder.path)
        }
        let train = [
            "train", "--precision", "f32", "--steps", "4", "--metrics-every", "0", "--quiet",
        ]
        #expect(try run(train + ["--out", "run"]).code == 0)
        #expect(try run(train + ["--no-labels", "--out", "plain"]).code == 0)
        func array(_ arguments: [String]) throws -> [UInt8] {
            let made = try run(["generate", "run", "-o", "a.npy"] + arguments)
            #expect(made.code == 0, "\(made.errors)")
            return try Data(contentsOf: URL(filePath: "\(folder.path)/a.npy"))
                .withUnsafeBytes { try NPY($0, "a.npy").bytes }
        }
        let all = try array(["--class", "0-9", "--seeds", "3,8"])
        #expect(all.count == 20 * 784)
        #expect(try array(["--class", "7", "--seeds", "3,8"]) == Array(all[14 * 784..<16 * 784]))
        #expect(
            try array(["--class", "2,7", "--seeds", "8"]) == Array(all[5 * 784..<6 * 784])
                + Array(all[15 * 784..<16 * 784]))
        #expect(
            try array(["--seeds", "3,8"]) == Array(all[6 * 784..<7 * 784])
                + Array(all[17 * 784..<18 * 784]))
        #expect(
            try array(["--class", "7", "--seeds", "3", "--weights", "raw"])
                != Array(all[14 * 784..<15 * 784]))
        #expect(
            try run(["interpolate", "run", "--seeds", "3", "--class", "0-9", "-o", "walk.gif"]).code
                == 0)
        for (arguments, message) in [
            (["generate", "run", "--class", "10", "-o", "a.png"], "there is no class 10."),
            (["generate", "run", "--class", "9-3", "-o", "a.png"], "--class is a list such as"),
            (["generate", "plain", "--class", "7", "-o", "a.png"], "this model has no classes"),
            (
                ["interpolate", "run", "--seeds", "1,2", "--class", "1,2,3", "-o", "a.gif"],
                "--seeds names 2, and 3 are needed"
            ),
            (
                ["generate", "run", "--weights", "best", "-o", "a.png"],
                "there is no weights \"best\""
            ),
        ] {
            let result = try run(arguments)
            #expect(
                result.code == 64 && result.errors.contains(message),
                "\(arguments): \(result.errors)")
        }
    }

    /// Every key of every preset is explained.
    @Test(arguments: Presets.all.map(\.name))
    func everyKeyIsExplained(name: String) throws {
        let guide = OptionGuide()
        let options = try RunOptions(preset: Presets.named(name))
        for path in try JSONValue(encoding: options).leaves.keys {
            #expect(guide.entry(path.split(separator: ".").map(String.init)) != nil, "\(path)")
        }
    }
}
