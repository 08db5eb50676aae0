import Ganymede

/// Turns what `ganymede train` was given into the options of a run: the defaults of a preset or file, then the flags,
/// then --set, then values that depend on the number of images.
struct OptionResolver {
    private let flags: Train
    /// Options in place of those in --config; nil for none.
    private let file: PartialOptions?

    init(_ flags: Train, file: PartialOptions? = nil) {
        self.flags = flags
        self.file = file
    }

    struct Resolved {
        let options: RunOptions
        /// The defaults of the preset, for --print-config.
        let defaults: RunOptions?
        /// The config.json whose plan is kept; nil if there is none.
        let planFile: String?
        /// Intervals that were given as such, and are kept when the number of steps is chosen for a duration.
        let keptIntervals: Set<String>
    }

    /// Where the options start.
    private struct Base {
        var options: RunOptions
        /// The preset, and its options without what a file changes; nil for a whole file.
        var preset: (value: Preset, options: RunOptions)?
        var planFile: String?
        var given: Set<String> = []
    }

    /// - Parameter threads: the default number of threads; nil for that of the preset or file.
    func resolve(threads: Int? = nil) throws -> Resolved {
        try checkFlags()
        var base = try base()
        base.options.training.threads = threads ?? base.options.training.threads
        var options = try withFlags(base.options)
        let assignments = flags.set.filter { $0 != "help" }
        options = try options.setting(flagAssignments() + assignments)
        options = try withLearningRates(options).validated()
        if let (preset, start) = base.preset {
            try follow(preset, start.training, givenKeys(base), &options)
        }
        if let epochs = flags.epochs {
            let epoch = try options.training.epochSteps ?? passSteps(options)
            options = options.lasting(max(Int((epochs * Double(epoch)).rounded()), 1))
        }
        let isSaid = flags.metricsEvery != nil || isSet("metrics_every")
        if base.planFile == nil, !isSaid, !base.given.contains("metrics_every") {
            options.training.metricsEvery = options.defaultMetricsEvery
        }
        return Resolved(
            options: try options.validated(),
            defaults: base.preset?.options,
            planFile: base.planFile, keptIntervals: givenKeys(base))
    }

    private func checkFlags() throws {
        let lengths = [
            flags.steps.map { _ in "--steps" }, flags.epochs.map { _ in "--epochs" },
            flags.duration.map { _ in "--for" },
        ].compactMap { $0 }
        if lengths.count > 1 {
            throw GanymedeError.invalidOption(
                Message("give \(lengths.joined(separator: " or ")), not both"))
        }
        if flags.printConfig, flags.duration != nil {
            throw GanymedeError.invalidOption(
                "--for chooses the number of steps by measuring some, and --print-config trains none: give --steps"
            )
        }
        if let epochs = flags.epochs, !(epochs > 0 && epochs < 1e6) {
            throw GanymedeError.invalidOption("--epochs is above 0, not \(epochs)")
        }
    }

    // MARK: Where the options start

    private func base() throws -> Base {
        guard let config = flags.config ?? file?.source else {
            let preset = try preset(named: flags.preset, data: flags.data)
            let options = try options(of: preset, data: flags.data)
            return Base(options: options, preset: (preset, options))
        }
        if Files.ending(config) == "json", let whole = try? RunOptions(file: config) {
            try checkNoSize()
            return Base(options: whole, planFile: config)
        }
        let file = try self.file ?? ConfigFile.read(config)
        if file.keys.contains("duration") {
            throw GanymedeError.invalidOption(
                Message(
                    "\(config): duration records what --for was given, and chooses nothing: give --for"
                ))
        }
        if file.isWhole, file.text("preset") == nil, flags.preset == nil {
            try checkNoSize()
            return Base(options: try file.whole(), given: file.keys)
        }
        let data = flags.data ?? file.text("data")
        let preset = try preset(named: flags.preset ?? file.text("preset"), data: data)
        var start = try options(
            of: preset, data: data, size: file.integer("size"), channels: file.integer("channels"),
            batch: file.integer("batch"))
        if let steps = file.integer("steps"), steps > 0 { start = start.lasting(steps) }
        return Base(options: try file.over(start), preset: (preset, start), given: file.keys)
    }

    private func preset(named name: String?, data: String?) throws -> Preset {
        try name.map(Presets.named) ?? Presets.defaultPreset(for: DataSource(data ?? "mnist"))
    }

    private func options(
        of preset: Preset, data: String?, size: Int? = nil, channels: Int? = nil, batch: Int? = nil
    ) throws -> RunOptions {
        try RunOptions(
            preset: preset, data: data, size: flags.size ?? size,
            channels: flags.channels ?? channels, batch: batch, labels: !flags.noLabels)
    }

    private func checkNoSize() throws {
        if flags.preset != nil || flags.size != nil || flags.channels != nil {
            throw GanymedeError.invalidOption(
                "--config already says preset, size and channels: give one or the other")
        }
    }

    // MARK: Flags

    private func withFlags(_ base: RunOptions) throws -> RunOptions {
        var options = flags.steps.map { base.lasting(max($0, 0)) } ?? base
        var training = options.training
        training.seed = flags.seed ?? training.seed
        training.threads = flags.threads ?? training.threads
        training.steps = flags.steps ?? training.steps
        training.batch = flags.batch ?? training.batch
        training.sampleEvery = flags.sampleEvery ?? training.sampleEvery
        training.checkpointEvery = flags.checkpointEvery ?? training.checkpointEvery
        training.keep = flags.keep ?? training.keep
        if let response = flags.onNan {
            training.onNan = try parseChoice(response, "response", NonFiniteResponse.self)
        }
        training.metricsEvery =
            flags.metricsEvery.map { $0 == 0 ? nil : $0 } ?? training.metricsEvery
        if let precision = flags.precision {
            training.precision = try parseChoice(precision, "precision", Precision.self)
        }
        if let backend = flags.backend {
            training.backend = try parseChoice(backend, "backend", BackendKind.self)
        }
        options.training = training
        // What is known of the same data stays known.
        if let data = flags.data, data != options.data { options.data = data }
        options.initFrom = flags.initFrom ?? options.initFrom
        options.evaluator = flags.evaluator ?? options.evaluator
        return options
    }

    /// --loss and --optimizer as assignments.
    private func flagAssignments() throws -> [String] {
        if let loss = flags.loss { _ = try parseKind(loss, Losses.family) }
        if let optimizer = flags.optimizer { _ = try parseKind(optimizer, Optimizers.family) }
        return (flags.loss.map { ["gan.loss=\($0)"] } ?? [])
            + (flags.optimizer.map {
                ["gan.generator_optimizer=\($0)", "gan.discriminator_optimizer=\($0)"]
            } ?? [])
    }

    private func parseKind(_ name: String, _ family: KindFamily) throws -> String {
        let known = family.builtIn.map { $0.kind }
        if known.contains(name) { return name }
        throw GanymedeError.unknownName(
            Message(
                "there is no \(family.name) \"\(name)\"." + suggestion(for: name, among: known)
                    + " Known: \(known.joined(separator: ", "))"))
    }

    private func withLearningRates(_ options: RunOptions) throws -> RunOptions {
        guard let text = flags.learningRate else { return options }
        let rates = text.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0)
        }
        guard (1...2).contains(rates.count), let generator = rates[0],
            let discriminator = rates[rates.count - 1], generator > 0, discriminator > 0,
            generator.isFinite, discriminator.isFinite
        else {
            throw GanymedeError.invalidOption(
                "--learning-rate is a number above 0, or two as in 1e-4,4e-4, not \"\(text)\"")
        }
        var copy = options
        let (g, d) = (options.gan.generatorOptimizer, options.gan.discriminatorOptimizer)
        copy.gan.generatorOptimizer.learningRate = g.learningRate.scaled(to: generator)
        copy.gan.discriminatorOptimizer.learningRate = d.learningRate.scaled(to: discriminator)
        return copy
    }

    private func isSet(_ key: String) -> Bool { flags.set.contains { $0.hasPrefix("\(key)=") } }

    /// Keys that a flag, --set or the file gives.
    private func givenKeys(_ base: Base) -> Set<String> {
        var given = base.given
        for key in ["steps", "sample_every", "checkpoint_every", "metrics_every", "milestones"]
        where isSet(key) { given.insert(key) }
        if flags.steps != nil { given.insert("steps") }
        if flags.sampleEvery != nil { given.insert("sample_every") }
        if flags.checkpointEvery != nil { given.insert("checkpoint_every") }
        if flags.metricsEvery != nil { given.insert("metrics_every") }
        return given
    }

    // MARK: The number of images

    /// If the preset counts in passes over the data, adapts values that were not given to the batch size and number of
    /// images.
    private func follow(
        _ preset: Preset, _ base: TrainingConfig, _ given: Set<String>, _ options: inout RunOptions
    ) throws {
        guard case .epochs(_, nil, _, _) = preset.pace else { return }
        let (batch, images) = (options.training.batch, try options.source.count())
        let whole = preset.training(batch: batch, images: images)
        let followers: [(key: String, path: WritableKeyPath<TrainingConfig, Int>)] = [
            ("steps", \.steps), ("sample_every", \.sampleEvery),
            ("checkpoint_every", \.checkpointEvery),
        ]
        for (key, path) in followers
        where !given.contains(key) && options.training[keyPath: path] == base[keyPath: path] {
            options.training[keyPath: path] = whole[keyPath: path]
        }
    }

    /// Steps in a pass over the data.
    private func passSteps(_ options: RunOptions) throws -> Int {
        try options.source.count() / options.training.batch
    }
}
