import ArgumentParser
import Ganymede

/// `ganymede train`
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a GAN into a new run directory.",
        discussion: "Without options: the flagship preset on the MNIST digits inside this command.")

    @Option(help: "A system by name: see ganymede presets.") var preset: String?
    @Option(help: "Start from the options in this config.json.") var config: String?
    @Option(help: "mnist, fashion-mnist, a folder of pictures or IDX files, or an IDX file.")
    var data: String?
    @Option(help: "Rounds of the preset's schedule.") var steps: Int?
    @Option(help: "Passes over the data, instead of --steps.") var epochs: Double?
    @Option(help: "Images in a batch.") var batch: Int?
    @Option(help: "What everything random follows from, not negative (default: 0).") var seed: Int?
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: "auto or f32.") var precision: String?
    @Option(help: "The run's folder (default: the next free runs/PRESET-001).") var out: String?
    @Option(help: "Steps between grids of samples.") var sampleEvery: Int?
    @Option(help: "Steps between checkpoints.") var checkpointEvery: Int?
    @Option(help: "Side of an image in pixels (default: 28).") var size: Int?
    @Option(help: "1 for grey, 3 for colour (default: 1).") var channels: Int?
    @Option(help: "Start from the weights of this run or checkpoint.") var initFrom: String?
    @Option(help: "Set an option by its path in config.json, such as learning_rate; repeatable.")
    var set: [String] = []
    @Flag(help: "Load, compile and check everything, print the options, and train nothing.")
    var dryRun = false
    @Flag(help: "Print nothing but errors.") var quiet = false

    func run() throws {
        let options = try resolved()
        var trainer = Trainer(options)
        if dryRun {
            try trainer.check(into: out)
            print(try options.text())
            return
        }
        trainer.showsProgress = !quiet
        trainer.shouldStop = { Interrupt.isRequested }
        Interrupt.install()
        let outcome = try trainer.train(into: out)
        try report(outcome, quiet: quiet)
    }

    /// Defaults of the preset or file, then the flags, then --set.
    private func resolved() throws -> RunOptions {
        var options = try start()
        var training = options.training
        training.batch = batch ?? training.batch
        training.seed = seed ?? training.seed
        training.threads = threads ?? training.threads
        training.sampleEvery = sampleEvery ?? training.sampleEvery
        training.checkpointEvery = checkpointEvery ?? training.checkpointEvery
        if let precision { training.precision = try parsePrecision(precision) }
        if let data { options.data = data }
        options.initFrom = initFrom ?? options.initFrom
        if steps != nil && epochs != nil {
            throw GanymedeError.usage("give --steps or --epochs, not both")
        }
        training.steps = steps ?? training.steps
        options.training = training
        options = try options.setting(set).validated()
        if let epochs {
            guard epochs > 0, epochs < 1e6 else {
                throw GanymedeError.usage("--epochs is above 0, not \(epochs)")
            }
            let epoch =
                try options.training.epochSteps ?? imageCount(options) / options.training.batch
            options.training.steps = max(Int((epochs * Double(epoch)).rounded()), 1)
        }
        return options
    }

    private func start() throws -> RunOptions {
        guard let config else {
            return try presetOptions(Presets.named(preset ?? Presets.all[0].name))
        }
        if preset != nil || size != nil || channels != nil {
            throw GanymedeError.usage(
                "--config already says preset, size and channels: give one or the other")
        }
        return try RunOptions(file: config)
    }
}

extension Train {
    /// The preset's options. How long an epoch is depends on the batch and on the data.
    private func presetOptions(_ preset: Preset) throws -> RunOptions {
        var options = try RunOptions(preset: preset, size: size, channels: channels, batch: batch)
        guard case .epochs(_, nil, _, _) = preset.pace, let data, data != options.data else {
            return options
        }
        options.data = data
        return try RunOptions(
            preset: preset, size: size, channels: channels, batch: batch,
            images: imageCount(options))
    }

    private func imageCount(_ options: RunOptions) throws -> Int {
        if let known = NamedDataset.named(options.data) { return known.count }
        var line = LoadingLine("reading pictures", isShown: !quiet)
        return try DataSource(options.data).load(size: options.size, channels: options.channels) {
            line.show($0, of: $1)
        }.count
    }
}

func parsePrecision(_ text: String) throws -> Precision {
    if let precision = Precision(rawValue: text) { return precision }
    let known = Precision.allCases.map(\.rawValue)
    if text == "bf16" {
        throw GanymedeError.usage("--precision bf16 is not in this version: use auto or f32")
    }
    throw GanymedeError.usage(
        "there is no precision \"\(text)\"." + suggestion(for: text, among: known)
            + " Precisions: \(known.joined(separator: ", "))")
}

/// Where the pictures are, and how to go on after Ctrl-C, which ends with code 130.
func report(_ outcome: Trainer.Outcome, quiet: Bool) throws {
    let path = outcome.directory.path
    if outcome.interrupted {
        print("Stopped after step \(outcome.step), saved. To go on: ganymede resume \(path)")
        throw ExitCode(130)
    }
    if quiet { return }
    print("Pictures: \(outcome.directory.samplesPath)/ and \(path)/progress.gif")
    print("More like them: ganymede generate \(path) --seeds 0-63 -o digits.png")
}
