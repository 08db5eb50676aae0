package import FoundationEssentials

extension RunOptions {
    /// The options of a preset, by default on MNIST, or `ring8` for points. Another batch size changes the number of
    /// steps of a preset that counts in epochs. With `labels`, a preset that reads them is conditional where the data has
    /// classes.
    public init(
        preset: Preset, data: String? = nil, size: Int? = nil, channels: Int? = nil,
        batch: Int? = nil, labels: Bool = true
    ) throws {
        let source = DataSource(data ?? (preset.makesPoints ? GaussianMixture.ring8.name : "mnist"))
        let classNames = preset.readsLabels && labels ? try source.classNames() : nil
        let isImages = !preset.makesPoints && !source.holdsPoints
        self.init(
            preset: preset.name, data: source.name,
            gan: try preset.gan(
                size: size, channels: channels ?? (isImages ? source.extent.image?.channels : nil),
                classes: classNames?.count,
                count: preset.makesPoints || source.holdsPoints ? nil : try? source.count()),
            training: preset.training(
                batch: batch ?? preset.batch,
                images: (source.known ?? .mnist).count))
        self.classNames = gan.classes == nil ? nil : classNames
    }

    /// The options in a `config.json`.
    public init(file path: String) throws {
        try self.init(json: Files.read(path, limit: RunOptions.fileLimit), name: path)
    }

    /// The options in a text that was read from `name`.
    package init(json: Data, name: String) throws {
        self = try JSON.decode(RunOptions.self, from: json, quoted(name))
    }

    /// The largest size of a `config.json`, in bytes.
    static let fileLimit = 4 << 20

    /// The text of `config.json`.
    public func text() throws -> String {
        String(decoding: try JSON.encoder(pretty: true).encode(self), as: UTF8.self)
    }
}

extension RunOptions {
    /// These options for another number of steps: every schedule ends at the same share of the run.
    public func lasting(_ steps: Int) -> RunOptions {
        var copy = self
        copy.training.steps = steps
        copy.gan = gan.stretched(by: Double(steps) / Double(max(training.steps, 1)))
        return copy
    }

    /// These options for a number of steps that was chosen for a duration, with intervals and milestones at the same
    /// shares of the run.
    ///
    /// - Parameter kept: keys of intervals that stay as they are.
    func fitted(to steps: Int, seconds: Double, keeping kept: Set<String>) -> RunOptions {
        let factor = Double(steps) / Double(max(training.steps, 1))
        func scaled(_ interval: Int, _ key: String) -> Int {
            kept.contains(key) ? interval : max(Int((Double(interval) * factor).rounded()), 1)
        }
        var copy = lasting(steps)
        copy.training.duration = seconds
        copy.training.sampleEvery = scaled(training.sampleEvery, "sample_every")
        copy.training.checkpointEvery = scaled(training.checkpointEvery, "checkpoint_every")
        copy.training.metricsEvery = training.metricsEvery.map { scaled($0, "metrics_every") }
        if !kept.contains("milestones") {
            copy.training.milestones = training.milestones.map {
                Int((Double($0) * factor).rounded())
            }
        }
        return copy
    }

    /// A note if the steps after `step` finished ones change nothing, because the learning rates have fallen to 0; nil if
    /// they do.
    func noteOnHorizon(from step: Int) -> String? {
        let rates = [gan.generatorOptimizer.learningRate, gan.discriminatorOptimizer.learningRate]
        let end = rates.map(\.end).max() ?? 0
        guard rates.allSatisfy({ $0.to == 0 && !$0.isConstant }), end < training.steps else {
            return nil
        }
        return
            "the learning rates \(end <= step ? "fell" : "fall") to 0 at step \(grouped(end)), and the steps after it change nothing: "
            + "--steps or --for at the start of a run stretch the schedules"
    }
}
