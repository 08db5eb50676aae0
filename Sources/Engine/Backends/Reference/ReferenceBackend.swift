/// Runs every node with its reference kernel, in double precision, one after the other.
package struct ReferenceBackend: Backend {
    package init() {}

    package func fault(_ precision: StoragePrecision) -> String? {
        precision == .f32
            ? nil : "the reference backend computes in double precision, and not in bf16"
    }

    package func compile(
        _ graph: Graph, store: StateStore, _ context: CompileContext
    ) throws -> any Executable {
        if let fault = fault(context.precision) { throw GraphFault(fault) }
        try graph.verify()
        return ReferenceExecutable(graph, store)
    }
}

/// A graph for the interpreter. States and results are rounded to 32 bits between runs.
private final class ReferenceExecutable: Executable {
    let graph: Graph
    let feeds: [String: ProgramMemory]
    let results: [ProgramMemory]
    let kernels: [(node: Int, implementation: String)]
    private let store: StateStore
    private var buffers: [AlignedBuffer] = []

    init(_ graph: Graph, _ store: StateStore) {
        self.graph = graph
        self.store = store
        var buffers: [AlignedBuffer] = []
        func memory(_ type: TensorType) -> ProgramMemory {
            let buffer = AlignedBuffer(byteCount: type.shape.count * MemoryLayout<Float>.stride)
            buffers.append(buffer)
            return ProgramMemory(type: type, base: buffer.base)
        }
        var feeds: [String: ProgramMemory] = [:]
        for (_, input) in graph.inputs {
            switch input.role {
            case .feed: feeds[input.label] = memory(input.type)
            case .state, .rounded: store.declare(input.label, input.type.shape)
            }
        }
        self.feeds = feeds
        results = graph.outputs.filter { $0.role == .result }.map {
            memory(graph.type(of: $0.value))
        }
        kernels = graph.nodes.indices.filter { !(graph.nodes[$0].operation is Input) }
            .map { (node: $0, implementation: "reference") }
        self.buffers = buffers
    }

    func run() -> Bool {
        let values = Interpreter(graph).values { given($0) }
        return write(values)
    }

    func runToFirstNonFinite() -> String? {
        let values = Interpreter(graph).values { given($0) }
        let bad = values.indices.first { node in
            !values[node].allSatisfy { $0.values.allSatisfy(\.isFinite) }
        }
        if bad == nil { _ = write(values) }
        return bad.map(graph.line)
    }

    func runTimed(_ clock: () -> Double) -> [(whole: Double, reorders: Double)] {
        var times: [(whole: Double, reorders: Double)] = []
        var last = clock()
        let values = Interpreter(graph).values(given) { node in
            let now = clock()
            if !(self.graph.nodes[node].operation is Input) { times.append((now - last, 0)) }
            last = now
        }
        _ = write(values)
        return times
    }

    /// The values of a state or feed. Integers are stored as their bits.
    private func given(_ input: Input) -> ReferenceTensor {
        let floats: UnsafeBufferPointer<Float>
        switch input.role {
        case .state, .rounded:
            let buffer = store.declare(input.label, input.type.shape)
            floats = buffer.floats(count: input.type.shape.count)
        case .feed:
            floats = UnsafeBufferPointer(feeds[input.label]?.floats ?? .init(start: nil, count: 0))
        }
        let isInteger = input.type.dtype == .int32
        return ReferenceTensor(
            input.role == .rounded ? TensorType(input.type.shape) : input.type,
            floats.map { isInteger ? Double(Int32(bitPattern: $0.bitPattern)) : Double($0) })
    }

    /// Stores results and states. Returns false if a state holds NaN or infinity.
    private func write(_ values: [[ReferenceTensor]]) -> Bool {
        var isFinite = true
        var results = results[...]
        for output in graph.outputs {
            let tensor = values[output.value.node][output.value.index]
            let target: UnsafeMutablePointer<Float>
            switch output.role {
            case .rounded: continue  // the state itself is an output, too
            case .state:
                let entry = store.entry(output.name, tensor.shape)
                target = entry.buffer.base.assumingMemoryBound(to: Float.self)
                entry.wasWritten()
            case .result:
                target = results.removeFirst().base.assumingMemoryBound(to: Float.self)
            }
            for (index, value) in tensor.values.enumerated() { target[index] = Float(value) }
            if output.role == .state {
                isFinite = isFinite && tensor.values.allSatisfy { Float($0).isFinite }
            }
        }
        return isFinite
    }
}
