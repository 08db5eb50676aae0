/// A compiled training step with its data, of a GAN, a classifier or any other model.
public final class StepRunner {
    /// The step.
    public private(set) var step: StepGraph
    /// The values of its variables.
    public let store: StateStore
    private var loader: BatchLoader
    private let seed: UInt64
    /// The program of every step; with lazy regularizers, of the steps that have them.
    private var whole: CompiledStep
    /// The program of the steps between those; nil if there are none.
    private var between: CompiledStep?
    /// The programs that update one network alone, compiled when they are needed first.
    private var parts: [StepBuilder.Player: CompiledStep] = [:]
    /// The program of the step that ``fill(_:)`` prepared.
    private var current: CompiledStep
    private let compiler: StepCompiler
    private let snapshot = StateStore()
    private var snapshotStep: Int?
    /// The steps since the snapshot that updated one network alone.
    private var partial: [Int: StepBuilder.Player] = [:]
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

    /// Compiles a step; with a communicator, this rank's part of it, and the loader reads its samples.
    init(
        _ step: StepGraph, _ loader: BatchLoader, store: StateStore, seed: Int,
        precision: StoragePrecision, backend: BackendKind = .cpu,
        communicator: (any Communicator)? = nil
    ) throws {
        if step.readsLabels && loader.dataset.labels == nil {
            throw GanymedeError.invalidOption(
                "the training step reads labels, and \(quoted(loader.dataset.name)) has none")
        }
        self.step = step
        self.loader = loader
        self.store = store
        self.seed = UInt64(seed)
        compiler = StepCompiler(
            store: store, batch: loader.batch, precision: precision, backend: backend,
            communicator: communicator)
        (whole, between) = try compiler.programs(of: step)
        current = whole
    }

    /// Replaces the step by one with the same variables and batches: of a GAN with other losses or learning rates.
    func replace(_ new: StepGraph) throws {
        (whole, between) = try compiler.programs(of: new)
        (step, parts) = (new, [:])
        (snapshotStep, partial) = (nil, [:])
    }

    /// Lets the step after `index` finished ones update one network alone.
    ///
    /// - Parameter graph: that of such a step, if it was not compiled yet.
    func update(
        only player: StepBuilder.Player, after index: Int, _ graph: @autoclosure () -> StepGraph
    ) throws {
        if parts[player] == nil { parts[player] = try compiler.programs(of: graph()).whole }
        partial[index] = player
    }

    /// The program of the step that ``fill(_:)`` prepared.
    package var program: Program { current.program }

    /// How often a program ran: once a step.
    package var runCount: Int {
        whole.program.runCount + (between?.program.runCount ?? 0)
            + parts.values.map(\.program.runCount).reduce(0, +)
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
        current = compiled(for: index)
        for (turn, batch) in current.batches.enumerated() {
            loader.fill(
                batch.images, labels: batch.labels, step: index * step.batches + turn)
        }
        if program.hasFeed("key") {
            program.setKey(RandomKey(seed: seed, step: UInt64(index) + 1))
        }
        for (feed, value) in current.scalars { feed[0] = value.value(step: index) }
    }

    private func compiled(for index: Int) -> CompiledStep {
        if let part = partial[index].flatMap({ parts[$0] }) { return part }
        guard let between, let interval = step.between?.interval else { return whole }
        return index % interval == 0 ? whole : between
    }

    /// Runs the step: forward and backward passes, updates. Returns false if a weight or a reported value is NaN or
    /// infinity.
    func run() -> Bool {
        guard program.run() else { return false }
        return value(step.reports.dLoss).isFinite && value(step.reports.gLoss).isFinite
            && step.results.allSatisfy { value(of: $0).isFinite }
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
        partial = partial.filter { $0.key >= index }
    }

    /// Restores the last snapshot, repeats the steps since while checking every tensor, and returns the first tensor
    /// with NaN or infinity and its step.
    func firstNonFinite(upTo failedStep: Int) -> (step: Int, tensor: String?) {
        // A rank that finds it first would not take part in the sums of the others.
        if compiler.communicator != nil { return (failedStep + 1, store.firstNonFinite()) }
        snapshot.copy(to: store)
        for index in (snapshotStep ?? failedStep)...failedStep {
            fill(index)
            if let found = program.runToFirstNonFinite() { return (index + 1, found) }
        }
        return (failedStep + 1, nil)
    }
}

/// Compiles the programs of a step; with a communicator, this rank's part of them.
private struct StepCompiler {
    let store: StateStore
    let batch: Int
    let precision: StoragePrecision
    let backend: BackendKind
    let communicator: (any Communicator)?

    /// The program of a step, and that of the steps between those with regularizers, if there is one.
    func programs(of step: StepGraph) throws -> (whole: CompiledStep, between: CompiledStep?) {
        (
            try compile(step.graph, step.hostScalars, batches: step.batches),
            try step.between.map {
                try compile($0.graph, $0.hostScalars, batches: step.batches)
            }
        )
    }

    private func compile(
        _ graph: Graph, _ scalars: [HostScalar], batches: Int
    ) throws -> CompiledStep {
        let program = try EngineThread.run {
            try compiling {
                let part =
                    try communicator.map {
                        try graph.divided(rank: $0.rank, of: $0.count, batch: batch)
                    } ?? graph
                return try Program(
                    part, store: store, precision: precision, backend: backend,
                    communicator: communicator)
            }
        }
        return CompiledStep(program, batches: batches, scalars)
    }
}

/// A program of a step with the memory of its feeds.
private struct CompiledStep {
    typealias Feed = UnsafeMutableBufferPointer<Float>
    let program: Program
    let batches: [(images: Feed, labels: Feed?)]
    let scalars: [(feed: Feed, value: HostScalar)]

    init(_ program: Program, batches: Int, _ scalars: [HostScalar]) {
        /// Nil if the program does not read it.
        func feed(_ name: String) -> Feed? {
            program.hasFeed(name) ? program.feed(name) : nil
        }
        self.program = program
        self.batches = (0..<batches).map { turn in
            (
                feed(UpdateBuilder.feed("real", turn)) ?? Feed(start: nil, count: 0),
                feed(UpdateBuilder.feed("labels", turn))
            )
        }
        self.scalars = scalars.compactMap { scalar in
            feed(scalar.feed).map { ($0, scalar) }
        }
    }
}
