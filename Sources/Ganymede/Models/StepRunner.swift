/// A compiled training step with its data, of a GAN, a classifier or any other model.
public final class StepRunner {
    /// The step.
    public let step: StepGraph
    /// The values of its variables.
    public let store: StateStore
    let program: Program
    private var loader: BatchLoader
    private let seed: UInt64
    private typealias Feed = UnsafeMutableBufferPointer<Float>
    private var batches: [(images: Feed, labels: Feed?)] = []
    private var scalars: [(feed: Feed, value: HostScalar)] = []
    private let reported: [ResultHandle]
    private let snapshot = StateStore()
    private var snapshotStep: Int?
    private static let snapshotEvery = 100

    /// Compiles a step for batches of `data`, and initializes every variable.
    ///
    /// - Parameters:
    ///   - step: the graph of the step.
    ///   - data: the samples.
    ///   - batch: the batch size that the step was built with.
    ///   - pixels: the range of the images' values.
    ///   - seed: the random seed of initial values, noise and the order of samples; not negative.
    ///   - precision: how tensors lie in memory between kernels.
    ///   - backend: what runs the program.
    public convenience init(
        _ step: StepGraph, data: Dataset, batch: Int, pixels: PixelRange = .signed, seed: Int = 0,
        precision: StoragePrecision = .f32, backend: BackendKind = .cpu
    ) throws {
        try self.init(
            step, BatchLoader(data, batch: batch, seed: UInt64(seed), pixels: pixels),
            store: StateStore(), seed: seed, precision: precision, backend: backend)
        initialize()
    }

    /// Compiles a step.
    init(
        _ step: StepGraph, _ loader: BatchLoader, store: StateStore, seed: Int,
        precision: StoragePrecision, backend: BackendKind = .cpu
    ) throws {
        if step.readsLabels && loader.dataset.labels == nil {
            throw GanymedeError.invalidOption(
                "the training step reads labels, and \(quoted(loader.dataset.name)) has none")
        }
        self.step = step
        self.loader = loader
        self.store = store
        self.seed = UInt64(seed)
        program = try EngineThread.run {
            try compiling {
                try Program(step.graph, store: store, precision: precision, backend: backend)
            }
        }
        reported = [step.reports.dLoss, step.reports.gLoss].compactMap { $0 } + step.results
        for turn in 0..<step.batches {
            let images = feed(UpdateBuilder.feed("real", turn)) ?? Feed(start: nil, count: 0)
            batches.append((images, feed(UpdateBuilder.feed("labels", turn))))
        }
        scalars = step.hostScalars.compactMap { scalar in
            feed(scalar.feed).map { ($0, scalar) }
        }
    }

    /// The memory of a feed; nil if the program does not read it.
    private func feed(_ name: String) -> Feed? {
        program.hasFeed(name) ? program.feed(name) : nil
    }

    /// Initializes every variable from the seed and its name.
    func initialize() {
        store.initialize(step.variables, seed: seed)
        startAverages()
    }

    /// Sets every moving average to the current value of its variable.
    func startAverages() {
        for variable in step.variables {
            if let source = variable.startsAs { store[variable.name] = store[source] }
        }
    }

    /// Fills every feed for the step that follows `index` finished ones, without allocating.
    func fill(_ index: Int) {
        for (turn, batch) in batches.enumerated() {
            loader.fill(
                batch.images, labels: batch.labels, step: index * step.batches + turn)
        }
        if program.hasFeed("key") {
            program.setKey(RandomKey(seed: seed, step: UInt64(index) + 1))
        }
        for (feed, value) in scalars { feed[0] = value.value(step: index) }
    }

    /// Runs the step: forward and backward passes, updates. Returns false if a weight or a reported value is NaN or
    /// infinity.
    func run() -> Bool {
        var isFinite = program.run()
        for result in reported where !program.scalar(result).isFinite { isFinite = false }
        return isFinite
    }

    /// A value that the last step reported.
    public func value(of result: ResultHandle) -> Double { Double(program.scalar(result)) }

    /// The same; 0 for nil.
    func value(_ result: ResultHandle?) -> Double { result.map { value(of: $0) } ?? 0 }

    /// Images in a batch.
    var batch: Int { loader.batch }

    // MARK: The first NaN or infinity

    /// Copies the variables every `snapshotEvery` steps, so that ``firstNonFinite(upTo:)`` has few steps to repeat.
    func keepSnapshot(before index: Int) {
        if let snapshotStep, index - snapshotStep < StepRunner.snapshotEvery { return }
        store.copy(to: snapshot)
        snapshotStep = index
    }

    /// Restores the last snapshot, repeats the steps since while checking every tensor, and returns the first tensor
    /// with NaN or infinity and its step.
    func firstNonFinite(upTo failedStep: Int) -> (step: Int, tensor: String?) {
        snapshot.copy(to: store)
        for index in (snapshotStep ?? failedStep)...failedStep {
            fill(index)
            if let found = program.runToFirstNonFinite() { return (index + 1, found) }
        }
        return (failedStep + 1, nil)
    }
}
