/// Trains a classifier in the same loop as a GAN, fits its temperature, and measures its quality on the test images. It
/// also trains the classifier of GAN-train: on generated samples, tested on real images (Shmelkov et al., "How good is
/// my GAN?", 2018).
public struct EvaluatorTrainer: Sendable {
    /// Epochs; nil for the number that the shipped evaluators use, or more if there are few images.
    public var epochs: Int?
    /// Images in a batch, fewer if there are not as many.
    public var batch = 128
    /// The peak learning rate of Adam: linear warmup to it, then decay to 0.
    public var learningRate = 3e-3
    /// Random seed, not negative.
    public var seed = 0
    /// CPU threads. The exact bits of results depend on it.
    public var threads = Machine.processors
    /// The number format of computations; `auto` is bf16 if the processor supports it.
    public var precision = Precision.auto
    /// Data augmentation; nil for the default of the dataset.
    public var augmentation: Augmentation?
    /// Whether to mirror half of the images whatever the augmentation.
    public var mirrors = false
    /// Whether the classes are labels or single images: see ``DataSource/loadExemplars(size:channels:seed:folders:progress:)``.
    public var supervision = Evaluator.Supervision.labels
    /// The fraction of training images held out to fit the temperature.
    public var heldShare = 0.1

    /// The progress of training.
    public struct Progress: Sendable {
        /// Finished steps, and the total.
        public let step, steps: Int
        /// Finished epochs.
        public let epoch: Double
        /// The cross-entropy of the step in nats, and its accuracy.
        public let loss, accuracy: Double
        /// Images a second over about the last second.
        public let imagesPerSecond: Double
        /// Seconds since the first step, and the estimate until the last.
        public let seconds, secondsLeft: Double
    }

    /// A trainer with the default settings.
    public init() {}

    /// Trains on `training` and measures the quality on `test`. Both need labels.
    ///
    /// - Parameters:
    ///   - training: labelled images to learn from.
    ///   - test: labelled images to measure on.
    ///   - command: recorded in the evaluator as the command that reproduces it.
    ///   - progress: called after every step.
    ///   - shouldStop: called before every step; returns true to stop.
    /// - Returns: nil if it was stopped.
    public func train(
        on training: Dataset, test: Dataset, command: String = "",
        progress: (Progress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
    ) throws -> Evaluator? {
        if let fault { misuse(fault.description) }
        let classNames = try EvaluatorTrainer.classNames(training, test)
        guard let image = training.image else { misuse("\(training.name) holds no images") }
        let (heldOut, learned) = training.split(
            share: heldShare, seed: UInt64(seed), stream: "evaluator/held")
        let network = EvaluatorNetwork(image: image, classes: classNames.count)
        let store = StateStore()
        return try EngineThread.run {
            let before = EngineThread.threads
            EngineThread.threads = threads
            defer { EngineThread.threads = before }
            try Plan(precision: storage).check()
            guard try fit(network, store, learned, progress, shouldStop) else { return nil }
            let classifier = try Classifier(network, store)
            let temperature = Temperature.fitted(
                logits: classifier.run(
                    heldOut.pixels, stride: image.channels, channel: nil
                ).logits,
                labels: heldOut.labels ?? [])
            let logits = classifier.run(
                test.pixels, stride: image.channels, channel: nil
            ).logits
            let weights = network.variables.compactMap { variable in
                store[variable.name].map { (variable.name, $0) }
            }
            return try Evaluator(
                data: training.name, classNames: classNames, network: network,
                weights: Dictionary(uniqueKeysWithValues: weights), temperature: temperature,
                quality: ClassifierQuality(
                    logits.softmax(temperature: temperature), labels: test.labels ?? []),
                command: command, supervision: supervision)
        }
    }

    /// Trains. Returns false if it was stopped.
    private func fit(
        _ network: EvaluatorNetwork, _ store: StateStore, _ dataset: Dataset,
        _ progress: (Progress) -> Void, _ shouldStop: () -> Bool
    ) throws -> Bool {
        let batch = min(self.batch, dataset.count)
        var changes = augmentation ?? .default(for: dataset.name)
        changes.mirrors = changes.mirrors || mirrors
        let loader = try BatchLoader(
            dataset, batch: batch, seed: UInt64(seed), augmentation: changes)
        let steps = epochs(dataset.count) * loader.batchesPerEpoch
        let step = ClassifierStep(
            network, batch: batch,
            optimizer: OneCycleAdamW(learningRate: .constant(learningRate), steps: steps))
        let runner = try StepRunner(
            step.graph, loader, store: store, seed: seed, precision: storage)
        runner.initialize()
        let loop = TrainingLoop(runner, steps: steps)
        if shouldStop() { return false }
        var isStopped = false
        try loop.run(after: 0) { done in
            progress(
                Progress(
                    step: done.step, steps: steps,
                    epoch: Double(done.step) / Double(loader.batchesPerEpoch),
                    loss: runner.value(step.loss), accuracy: runner.value(step.accuracy),
                    imagesPerSecond: done.imagesPerSecond, seconds: done.seconds,
                    secondsLeft: Double(steps - done.step) * done.secondsPerStep))
            isStopped = done.step < steps && shouldStop()
            return !isStopped
        }
        return !isStopped
    }

    /// The names of the classes. Throws if training and test images have different classes.
    private static func classNames(_ training: Dataset, _ test: Dataset) throws -> [String] {
        try training.checkClasses(least: 3)
        let names = training.namesOfClasses
        guard test.image == training.image, test.count > 0, let labels = test.labels else {
            throw GanymedeError.dataUnsuitable(
                "\(test.name) holds \(test.count) \(test.extent) to measure on, and must hold some with labels, \(training.extent) as "
                    + training.name)
        }
        if let strange = labels.first(where: { $0 >= names.count }) {
            throw GanymedeError.dataUnsuitable(
                "\(test.name) has the class \(strange), and \(training.name) only those below \(names.count)"
            )
        }
        return names
    }

    private var storage: StoragePrecision {
        switch precision {
        case .f32: .f32
        case .bf16: .bf16
        case .auto: DNN.isBFloat16Fast ? .bf16 : .f32
        }
    }

    /// Describes a setting that is out of range; nil if there is none.
    package var fault: Message? {
        let whole = [
            ("epochs", epochs ?? 1, 1...100_000), ("batch", batch, 1...65_536),
            ("threads", threads, 1...1024), ("seed", seed, 0...Int.max),
        ]
        if let (name, value, range) = whole.first(where: { !$0.2.contains($0.1) }) {
            let end = range.upperBound == .max ? " on" : " to \(range.upperBound)"
            return "\(option: name) is from \(range.lowerBound)\(end), not \(value)"
        }
        if !(learningRate > 0 && learningRate <= 1) {
            return "\(option: "learning_rate") is above 0 and at most 1, not \(learningRate)"
        }
        return heldShare > 0 && heldShare < 1
            ? nil : "\(option: "held_share") is between 0 and 1, not \(heldShare)"
    }

    /// The command that reproduces this training, on processors of this kind.
    package func command(_ data: String, size: Int, channels: Int) -> String {
        var words = ["ganymede evaluator train --data \(quoted(data)) --seed \(seed)"]
        if let epochs { words.append("--epochs \(epochs)") }
        words.append("--batch \(batch) --learning-rate \(learningRate)")
        words.append("--precision \(storage.rawValue) --threads \(threads)")
        if heldShare != EvaluatorTrainer().heldShare { words.append("--held-share \(heldShare)") }
        if size != 28 { words.append("--size \(size)") }
        if channels != 1 { words.append("--channels \(channels)") }
        if mirrors { words.append("--mirror") }
        if supervision == .exemplars { words.append("--no-labels") }
        return words.joined(separator: " ")
    }

    /// The number of epochs for `count` images.
    func epochs(_ count: Int) -> Int {
        // More epochs for fewer images, within limits.
        epochs ?? max(12, min(200, 300_000 / max(count, 1)))
    }
}
