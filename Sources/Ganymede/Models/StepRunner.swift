/// A compiled step with its batches: what every training advances, of GANs, of classifiers and of anything else.
public final class StepRunner {
    /// The step.
    public let step: StepGraph
    /// The values of its variables.
    public let store: StateStore
    let program: Program
    private var loader: BatchLoader
    private let seed: UInt64
    private var images: [UnsafeMutableBufferPointer<Float>] = []
    private var labels: [UnsafeMutableBufferPointer<Float>] = []
    private let reported: [ResultHandle]
    private let snapshot = StateStore()
    private var snapshotStep: Int?
    private static let snapshotEvery = 100

    /// Compiles a step for batches of `data`, and gives every variable its first value.
    ///
    /// - Parameters:
    ///   - batch: as the step was built for.
    ///   - pixels: the range of the images' values.
    ///   - seed: of first values, noise and the order of samples; not negative.
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
            try Program(step.graph, store: store, precision: precision, backend: backend)
        }
        reported = [step.reports.dLoss, step.reports.gLoss].compactMap { $0 } + step.results
        for turn in 0..<step.batches {
            images.append(feed("real", turn))
            if step.readsLabels { labels.append(feed("labels", turn)) }
        }
    }

    /// The memory of a batch; of its own where the program does not read it.
    private func feed(_ name: String, _ turn: Int) -> UnsafeMutableBufferPointer<Float> {
        let name = UpdateBuilder.feed(name, turn)
        return program.hasFeed(name) ? program.feed(name) : .init(start: nil, count: 0)
    }

    /// Gives every variable its first value, a function of the seed and of its name.
    func initialize() {
        store.initialize(step.variables, seed: seed)
        startAverages()
    }

    /// Gives every average the present values of what it follows.
    func startAverages() {
        for variable in step.variables {
            if let source = variable.startsAs { store[variable.name] = store[source] }
        }
    }

    /// Fills every feed for the step that follows `index` finished ones, without allocating.
    func fill(_ index: Int) {
        for turn in images.indices {
            loader.fill(
                images[turn], labels: labels.indices.contains(turn) ? labels[turn] : nil,
                step: index * step.batches + turn)
        }
        if program.hasFeed("key") {
            program.setKey(RandomKey(seed: seed, step: UInt64(index) + 1))
        }
        for scalar in step.hostScalars where program.hasFeed(scalar.feed) {
            program.feed(scalar.feed)[0] = scalar.value(step: index)
        }
    }

    /// Runs the step: forward and backward passes, updates. False where a weight or a reported number is not finite.
    func run() -> Bool {
        var isFinite = program.run()
        for result in reported where !program.scalar(result).isFinite { isFinite = false }
        return isFinite
    }

    /// A number that the last step reported.
    public func value(of result: ResultHandle) -> Double { Double(program.scalar(result)) }

    /// The same; 0 for what a step does not report.
    func value(_ result: ResultHandle?) -> Double { result.map { value(of: $0) } ?? 0 }

    /// Images in a batch.
    var batch: Int { loader.batch }

    // MARK: The first bad tensor

    /// Copies the variables now and then, so that ``firstNonFinite(step:)`` has few steps to repeat.
    func keepSnapshot(before index: Int) {
        if let snapshotStep, index - snapshotStep < StepRunner.snapshotEvery { return }
        store.copy(to: snapshot)
        snapshotStep = index
    }

    /// Goes back to the last snapshot, repeats the steps since with a look at every tensor, and names the first that
    /// is not finite, and the step.
    func firstNonFinite(upTo failedStep: Int) -> (step: Int, tensor: String?) {
        snapshot.copy(to: store)
        for index in (snapshotStep ?? failedStep)...failedStep {
            fill(index)
            if let found = program.runToFirstNonFinite() { return (index + 1, found) }
        }
        return (failedStep + 1, nil)
    }
}
