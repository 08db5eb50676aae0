/// A compiled graph, whose states live in a ``StateStore``. It is created and run inside ``EngineThread/run(_:)``.
/// ```swift
/// let program = try Program(builder.graph, store: store)
/// program.setFeed("x", [1, 2, 3, 4])
/// program.run()
/// print(program.values(of: y))
/// ```
public final class Program {
    /// How often it has run.
    public private(set) var runCount = 0
    private let executable: any Executable
    private let names: [String]
    /// Whether the program draws random numbers, and whether the caller has set the key.
    private let drawsRandomNumbers: Bool
    private var hasKey = false

    /// Compiles `graph`, whose named states are in `store`; missing ones are created as zeros.
    ///
    /// - Parameters:
    ///   - graph: what to compile.
    ///   - store: holds the named states.
    ///   - precision: how tensors lie in memory between kernels.
    ///   - startsSoon: whether a fast start matters more than fast runs.
    ///   - backend: what runs the program.
    public convenience init(
        _ graph: Graph, store: StateStore, precision: StoragePrecision = .f32,
        startsSoon: Bool = false, backend: BackendKind = .cpu
    ) throws {
        try self.init(
            graph, store: store, precision: precision, startsSoon: startsSoon, backend: backend,
            communicator: nil)
    }

    /// The same for a graph that sums over ranks.
    package init(
        _ graph: Graph, store: StateStore, precision: StoragePrecision, startsSoon: Bool = false,
        backend: BackendKind, communicator: (any Communicator)?
    ) throws {
        EngineThread.assertCurrent()
        names = graph.outputs.filter { $0.role == .result }.map(\.name)
        executable = try backend.backend.compile(
            graph, store: store,
            CompileContext(
                precision: precision, startsSoon: startsSoon, threads: EngineThread.threads,
                communicator: communicator))
        drawsRandomNumbers = executable.feeds["key"] != nil
    }

    /// The graph after the backend's passes.
    public var graph: Graph { executable.graph }

    /// Each node that runs, in order, as text, with the name of its kernel.
    public var implementations: [(node: String, implementation: String)] {
        executable.kernels.map { (graph.line($0.node), $0.implementation) }
    }

    /// Floating-point operations of each node that runs, in order.
    package var flops: [Double] {
        executable.kernels.map { kernel in
            let node = graph.nodes[kernel.node]
            return node.operation.flops(node.inputs.map(graph.type(of:)))
        }
    }

    // MARK: Feeds

    /// Names of the tensors to fill before each run.
    public var feedNames: [String] { executable.feeds.keys.sorted() }

    /// Whether there is a feed of this name.
    package func hasFeed(_ name: String) -> Bool { executable.feeds[name] != nil }

    /// The memory of a feed; fill it before a run.
    public func feed(_ name: String) -> UnsafeMutableBufferPointer<Float> {
        if name == "key" { hasKey = true }
        guard let feed = executable.feeds[name] else {
            misuse("the program has no feed \(name), only \(feedNames)")
        }
        return feed.floats
    }

    /// Fills a feed.
    public func setFeed(_ name: String, _ values: [Float]) {
        let target = feed(name)
        if target.count != values.count {
            misuse("the feed \(name) holds \(target.count) numbers, not \(values.count)")
        }
        _ = target.update(fromContentsOf: values)
    }

    /// Fills a feed with the bits of integers.
    package func setFeed(_ name: String, bits: [UInt32]) {
        setFeed(name, bits.map(Float.init(bitPattern:)))
    }

    /// Sets the random key of the next runs, without allocating. By default each run uses seed 0 and its index, counted
    /// from 0.
    public func setKey(_ key: RandomKey) {
        let words = feed("key")
        for index in 0..<4 { words[index] = Float(bitPattern: key.word(index)) }
    }

    // MARK: Runs

    /// Runs once. Returns false if a written state holds NaN or infinity.
    @discardableResult
    public func run() -> Bool {
        prepareRun()
        return executable.run()
    }

    private func prepareRun() {
        EngineThread.assertCurrent()
        if drawsRandomNumbers && !hasKey {
            setKey(RandomKey(seed: 0, step: UInt64(runCount)))
            hasKey = false
        }
        runCount += 1
    }

    /// Runs once. Returns the seconds of each kernel, in total and for reorders between memory layouts, in the order of
    /// ``implementations``.
    package func runTimed(_ clock: () -> Double) -> [(whole: Double, reorders: Double)] {
        prepareRun()
        return executable.runTimed(clock)
    }

    /// Runs until the first tensor with NaN or infinity, and returns its node as text; nil if there is none.
    package func runToFirstNonFinite() -> String? {
        prepareRun()
        return executable.runToFirstNonFinite()
    }

    // MARK: Results

    /// A result of the last run.
    public func values(of result: ResultHandle) -> [Float] { Array(memory(result).floats) }

    /// The first value of a result of the last run, without allocating.
    public func scalar(_ result: ResultHandle) -> Float { memory(result).floats[0] }

    private func memory(_ result: ResultHandle) -> ProgramMemory {
        if !names.indices.contains(result.place) || names[result.place] != result.name {
            misuse(
                "the result \(result.name) is of another graph than this program, which has \(names)"
            )
        }
        return executable.results[result.place]
    }

    /// A result of the last run by its name.
    public func result(_ name: String) -> [Float] { withResult(name) { Array($0) } }

    /// Reads a result of the last run in place.
    package func withResult<Outcome>(
        _ name: String, _ body: (UnsafeBufferPointer<Float>) throws -> Outcome
    ) rethrows -> Outcome {
        guard let place = names.firstIndex(of: name) else {
            misuse("the program has no result \(name), only \(names.sorted())")
        }
        return try body(UnsafeBufferPointer(executable.results[place].floats))
    }
}
