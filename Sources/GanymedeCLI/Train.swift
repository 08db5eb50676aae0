import ArgumentParser
import Ganymede

/// `ganymede train`
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a GAN into a new run directory.",
        discussion: "Without options: the flagship preset on the MNIST digits inside this command.")

    @Option(help: "A preset: see ganymede presets.") var preset: String?
    @Option(help: "Start from the options in this config.json.") var config: String?
    @Option(
        help:
            "A dataset by name (see ganymede data list), a folder of pictures or IDX files, or an IDX file."
    )
    var data: String?
    @Option(help: "Training steps (default: the preset's).") var steps: Int?
    @Option(
        help:
            "Epochs in place of --steps: passes over the data, or as the preset counts them."
    ) var epochs: Double?
    @Option(help: "Images in a batch (default: the preset's).") var batch: Int?
    @Option(help: "Random seed, not negative (default: 0).") var seed: Int?
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: "auto, f32 or bf16 (default: auto).") var precision: String?
    @Option(
        help: "cpu, or reference: slow, in double precision (default: cpu).")
    var backend: String?
    @Option(help: "The run's folder (default: the next free runs/PRESET-001).") var out: String?
    @Option(help: "Steps between sample grids (default: the preset's).") var sampleEvery: Int?
    @Option(help: "Steps between checkpoints (default: the preset's).") var checkpointEvery: Int?
    @Option(
        help:
            "Steps between evaluations, which mark the best checkpoint; 0 for none (default: a fifth of the run if it has 1000 steps or more and there is an evaluator)."
    ) var metricsEvery: Int?
    @Option(help: "The evaluator's file (default: the one that comes with the dataset).")
    var evaluator: String?
    @Option(help: "Side of an image in pixels (default: 28).") var size: Int?
    @Option(help: "1 for grey, 3 for colour (default: 1, or 3 for stacked-mnist).")
    var channels: Int?
    @Option(help: "Start from the weights of this run or checkpoint.") var initFrom: String?
    @Option(help: "Set an option by its path in config.json, such as label_smoothing; repeatable.")
    var set: [String] = []
    @Flag(help: "Load, compile and check everything, print the options, and exit.")
    var dryRun = false
    @Flag(help: "Only print errors.") var quiet = false

    func run() throws {
        Interrupt.install()
        let options = try resolved()
        // With --config, keep the precision that `auto` chose for that run, unless --precision is given.
        let plan =
            precision == nil && options.training.precision == .auto
            ? try config.flatMap { try Plan(file: $0) } : nil
        var trainer = Trainer(options, plan: plan)
        let console = TrainingConsole(isQuiet: quiet)
        if dryRun {
            try trainer.check(into: out)
            print(try options.text())
            return
        }
        console.attach(to: &trainer)
        try console.report(trainer.train(into: out))
    }

    /// Applies the defaults of the preset or file, then the flags, then --set, then values that depend on the number of
    /// images.
    private func resolved() throws -> RunOptions {
        if steps != nil && epochs != nil {
            throw GanymedeError.invalidOption("give --steps or --epochs, not both")
        }
        if let epochs, !(epochs > 0 && epochs < 1e6) {
            throw GanymedeError.invalidOption("--epochs is above 0, not \(epochs)")
        }
        let (base, preset) = try start()
        var options = base
        var training = base.training
        training.seed = seed ?? training.seed
        training.threads = threads ?? training.threads
        training.steps = steps ?? training.steps
        training.batch = batch ?? training.batch
        training.sampleEvery = sampleEvery ?? training.sampleEvery
        training.checkpointEvery = checkpointEvery ?? training.checkpointEvery
        training.metricsEvery = metricsEvery.map { $0 == 0 ? nil : $0 } ?? training.metricsEvery
        if let precision {
            training.precision = try parseChoice(precision, "precision", Precision.self)
        }
        if let backend { training.backend = try parseChoice(backend, "backend", BackendKind.self) }
        options.training = training
        options.data = data ?? options.data
        options.initFrom = initFrom ?? options.initFrom
        options.evaluator = evaluator ?? options.evaluator
        options = try options.setting(set).validated()
        if let preset { try follow(preset, base.training, &options) }
        if let epochs {
            let epoch = try options.training.epochSteps ?? passSteps(options)
            options.training.steps = max(Int((epochs * Double(epoch)).rounded()), 1)
        }
        let isSaid = metricsEvery != nil || set.contains { $0.hasPrefix("metrics_every=") }
        if config == nil, !isSaid { options.training.metricsEvery = options.defaultMetricsEvery }
        return try options.validated()
    }

    private func start() throws -> (RunOptions, Preset?) {
        guard let config else {
            let preset =
                try preset.map(Presets.named)
                ?? Presets.defaultPreset(for: DataSource(data ?? "mnist"))
            let options = try RunOptions(
                preset: preset, data: data, size: size, channels: channels)
            return (options, preset)
        }
        if preset != nil || size != nil || channels != nil {
            throw GanymedeError.invalidOption(
                "--config already says preset, size and channels: give one or the other")
        }
        return (try RunOptions(file: config), nil)
    }

    /// If the preset counts in passes over the data, adapts values that were not given to the batch size and number of
    /// images.
    private func follow(_ preset: Preset, _ base: TrainingConfig, _ options: inout RunOptions)
        throws
    {
        guard case .epochs(_, nil, _, _) = preset.pace else { return }
        let (batch, images) = (options.training.batch, try options.source.count())
        let whole = preset.training(batch: batch, images: images)
        for path: WritableKeyPath<TrainingConfig, Int> in [
            \.steps, \.sampleEvery, \.checkpointEvery,
        ]
        where options.training[keyPath: path] == base[keyPath: path] {
            options.training[keyPath: path] = whole[keyPath: path]
        }
    }

    /// Steps in a pass over the data.
    private func passSteps(_ options: RunOptions) throws -> Int {
        try options.source.count() / options.training.batch
    }
}

/// Parses one of the values of an option.
func parseChoice<Value>(_ text: String, _ what: String, _ type: Value.Type) throws -> Value
where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    if let value = Value(rawValue: text) { return value }
    let known = Value.allCases.map(\.rawValue)
    throw GanymedeError.unknownName(
        "there is no \(what) \"\(text)\"." + suggestion(for: text, among: known)
            + " \(what.prefix(1).uppercased() + what.dropFirst())s: \(known.joined(separator: ", "))"
    )
}
