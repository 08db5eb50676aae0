/// Trains a classifier under the same loop as a GAN, then fits its temperature, then measures it on the test images. Besides an
/// evaluator it makes what GAN-train asks for: a classifier that has learned from samples, tested on real images
/// (Shmelkov et al., "How good is my GAN?", 2018).
public struct EvaluatorTrainer: Sendable {
    /// Passes over the images; nil for as many as the shipped evaluators need, more where there are few images.
    public var epochs: Int?
    /// Images in a batch, fewer where there are not as many.
    public var batch = 128
    /// The largest step size of Adam: it rises to this over the first part of the training, then falls to nothing.
    public var learningRate = 3e-3
    /// Everything random follows from it; not negative.
    public var seed = 0
    /// CPU threads. The bits of a result depend on them.
    public var threads = Machine.processors
    /// What the arithmetic is done in; `auto` is bf16 where the processor has it.
    public var precision = Precision.auto
    /// How the pictures are changed each time they are shown; nil for what suits the dataset.
    public var augmentation: Augmentation?
    /// Whether half of them are mirrored in any case.
    public var mirrors = false
    /// The share of the training images that the temperature is fitted on, and no weight.
    public var heldShare = 0.1

    /// How far a training is.
    public struct Progress: Sendable {
        /// Finished steps, and all of them.
        public let step, steps: Int
        /// Passes over the images.
        public let epoch: Double
        /// The cross-entropy of the step in nats, and the share of its images that were classified correctly.
        public let loss, accuracy: Double
        /// Images a second over about the last second.
        public let imagesPerSecond: Double
        /// Since the first step, and to the last.
        public let seconds, secondsLeft: Double
    }

    /// The usual training.
    public init() {}

    /// Learns from `training` and measures on `test`, neither of which may be without labels.
    ///
    /// - Parameters:
    ///   - command: what is recorded as making this evaluator.
    ///   - progress: told after every step.
    ///   - shouldStop: asked before every step; true stops.
    /// - Returns: nil where it was asked to stop.
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
                command: command)
        }
    }

    /// Trains. False where it was asked to stop.
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
            network, batch: batch, optimizer: OneCycleAdamW(peak: learningRate, steps: steps))
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

    /// What the classes are called. Throws where training and test images cannot be told apart alike.
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
        case .auto: DNN.hasBFloat16 ? .bf16 : .f32
        }
    }

    /// Which number is out of range; or nil.
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

    /// The command that trains so on this machine's kind of processor.
    package func command(_ data: String, size: Int, channels: Int) -> String {
        var words = ["ganymede evaluator train --data \(quoted(data)) --seed \(seed)"]
        if let epochs { words.append("--epochs \(epochs)") }
        words.append("--batch \(batch) --learning-rate \(learningRate)")
        words.append("--precision \(storage.rawValue) --threads \(threads)")
        if heldShare != EvaluatorTrainer().heldShare { words.append("--held-share \(heldShare)") }
        if size != 28 { words.append("--size \(size)") }
        if channels != 1 { words.append("--channels \(channels)") }
        if mirrors { words.append("--mirror") }
        return words.joined(separator: " ")
    }

    /// The passes over `count` images.
    func epochs(_ count: Int) -> Int {
        // Few images are seen more often, but not without end.
        epochs ?? max(12, min(200, 300_000 / max(count, 1)))
    }
}
