import CKernels

/// Compiles graphs for this machine's CPU, with kernels of oneDNN and of this package.
package struct CPUBackend: Backend {
    package init() {}

    package func fault(_ precision: StoragePrecision) -> String? {
        precision == .bf16 ? DNN.bfloat16Fault : nil
    }

    package func compile(
        _ graph: Graph, store: StateStore, _ context: CompileContext
    ) throws -> any Executable {
        try CPUExecutable(graph, store, context)
    }
}

/// Kernels bound to fixed memory. A run calls them in order, without allocating.
final class CPUExecutable: Executable {
    let graph: Graph

    private let store: StateStore
    private let schedule: Schedule
    private let bound: [(node: Int, kernel: any Kernel)]
    private let arena: AlignedBuffer
    private var memory: [Value: UnsafeMutableRawPointer] = [:]
    private var owned: [AlignedBuffer] = []
    private(set) var feeds: [String: ProgramMemory] = [:]
    private(set) var results: [ProgramMemory] = []
    /// States whose bf16 copies it reads.
    private var rounded: [StateEntry] = []
    /// States that it writes, and whether it also writes their bf16 copies.
    private var written: [(state: StateEntry, withCopy: Bool)] = []
    /// States whose kernels do not check for NaN and infinity.
    private var unchecked: [(memory: UnsafeMutableRawPointer, count: Int)] = []
    private var copies: [(from: UnsafeMutableRawPointer, to: UnsafeMutableRawPointer, count: Int)] =
        []

    init(_ graph: Graph, _ store: StateStore, _ context: CompileContext) throws {
        let precision = context.precision
        let optimized = try Passes.optimize(graph, precision)
        let computesBFloat16 = optimized.nodes.contains { node in
            node.types.contains { $0.dtype == .bfloat16 }
        }
        if precision == .bf16 || computesBFloat16, let fault = DNN.bfloat16Fault {
            throw DNNError(description: "\(fault): compile the program in f32")
        }
        self.graph = optimized
        self.store = store
        let schedule = try Passes.schedule(optimized)
        self.schedule = schedule
        let kernels = try schedule.order.map { index in
            (node: index, kernel: try optimized.makeKernel(index, context))
        }
        bound = kernels
        var scratch: [Int: Int] = [:]
        for (node, kernel) in kernels { scratch[node] = kernel.scratchBytes }
        let kept = Set(
            optimized.outputs.filter { $0.role == .result }.map { optimized.storage(of: $0.value) }
                + schedule.copied.map { optimized.storage(of: $0.value) })
        let plan = Passes.layOutMemory(
            optimized, schedule, placed: Set(schedule.placedInState.keys), kept: kept,
            scratchBytes: { scratch[$0] ?? 0 })
        let inputBytes = optimized.inputs.map(\.input.type.byteCount).reduce(0, +)
        let stateBytes = optimized.inputs.filter { $0.input.role == .state }
            .map(\.input.type.byteCount).reduce(0, +)
        // Each state is also in a snapshot and in a checkpoint that is being written.
        try MemoryError.check(plan.byteCount + inputBytes + 2 * stateBytes)
        arena = AlignedBuffer(byteCount: plan.byteCount)
        assignMemory(plan)
        try bindKernels(plan)
        connectOutputs()
    }

    var kernels: [(node: Int, implementation: String)] {
        bound.map { ($0.node, $0.kernel.implementation) }
    }

    /// Runs once. Returns false if a written state holds NaN or infinity.
    func run() -> Bool {
        refreshCopies()
        var finite = EngineThread.withoutSignals {
            var finite = true
            for (_, kernel) in bound where !kernel.run() { finite = false }
            return finite
        }
        finishStates()
        for state in unchecked
        where !gk_all_finite(state.memory.assumingMemoryBound(to: Float.self), state.count) {
            finite = false
        }
        return finite
    }

    /// Runs once. Returns the seconds of each kernel, in total and for reorders between memory layouts, in the order of
    /// ``kernels``.
    func runTimed(_ clock: () -> Double) -> [(whole: Double, reorders: Double)] {
        refreshCopies()
        let times = EngineThread.withoutSignals {
            bound.map { _, kernel in
                let start = clock()
                let reorders = kernel.runTimingReorders(clock)
                return (whole: clock() - start, reorders: reorders)
            }
        }
        finishStates()
        return times
    }

    /// Runs until the first tensor with NaN or infinity, and returns its node as text; nil if there is none.
    func runToFirstNonFinite() -> String? {
        refreshCopies()
        for (index, _) in graph.inputs where !isFinite(Value(node: index)) {
            return graph.line(index)
        }
        for (node, kernel) in bound {
            _ = EngineThread.withoutSignals { kernel.run() }
            let outputs = graph.nodes[node].types.indices.map { Value(node: node, index: $0) }
            if !outputs.allSatisfy(isFinite) { return graph.line(node) }
        }
        finishStates()
        return nil
    }

    /// Rounds the states again that have been written without their bf16 copies.
    private func refreshCopies() {
        for state in rounded { state.refreshCopy() }
    }

    /// Copies the states that could not be updated in place to the store.
    private func finishStates() {
        for copy in copies { copy.to.copyMemory(from: copy.from, byteCount: copy.count) }
        for (state, withCopy) in written { state.wasWritten(withCopy: withCopy) }
    }

    private func isFinite(_ value: Value) -> Bool {
        let type = graph.type(of: value)
        guard type.dtype.isFloat, let memory = memory[value] else { return true }
        if type.dtype == .bfloat16 {
            let exponent: UInt16 = 0x7f80
            return UnsafeRawBufferPointer(start: memory, count: type.byteCount)
                .bindMemory(to: UInt16.self).allSatisfy { $0 & exponent != exponent }
        }
        return gk_all_finite(memory.assumingMemoryBound(to: Float.self), type.shape.count)
    }

    // MARK: Compiling

    private func assignMemory(_ plan: ArenaLayout) {
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case let input as Input:
                if let place = input.place {
                    let entry = store.entry(place.name, input.type.shape)
                    if place.isRounded { rounded.append(entry) }
                    memory[Value(node: index)] = entry.memory(isRounded: place.isRounded).base
                    continue
                }
                let buffer = AlignedBuffer(byteCount: input.type.byteCount)
                feeds[input.label] = ProgramMemory(type: input.type, base: buffer.base)
                owned.append(buffer)
                memory[Value(node: index)] = buffer.base
            case let constant as Constant:
                let buffer = AlignedBuffer(byteCount: node.types[0].byteCount)
                let floats = buffer.base.assumingMemoryBound(to: Float.self)
                for element in 0..<node.types[0].shape.count {
                    floats[element] = Float(constant.splat ?? constant.values[element])
                }
                owned.append(buffer)
                memory[Value(node: index)] = buffer.base
            default: break
            }
        }
        for (value, offset) in plan.offsets { memory[value] = arena.base + offset }
        // The shape is the output's: a value that is placed may have another one until its last reshape.
        var states: [StatePlace: UnsafeMutableRawPointer] = [:]
        for output in graph.outputs {
            if let place = output.place { states[place] = stateMemory(place, output.value).base }
        }
        for (value, state) in schedule.placedInState { memory[value] = states[state] }
    }

    /// Where a new value of a state goes.
    private func stateMemory(_ place: StatePlace, _ value: Value) -> AlignedBuffer {
        store.entry(place.name, graph.type(of: value).shape).memory(isRounded: place.isRounded)
    }

    private func address(_ value: Value) -> UnsafeMutableRawPointer {
        guard let address = memory[graph.storage(of: value)] else {
            misuse("no memory for \(graph.line(value.node))")
        }
        return address
    }

    private func bindKernels(_ plan: ArenaLayout) throws {
        for (index, kernel) in bound {
            let node = graph.nodes[index]
            try kernel.bind(
                KernelMemory(
                    inputs: node.inputs.map(address),
                    outputs: node.types.indices.map { address(Value(node: index, index: $0)) },
                    scratch: arena.base + (plan.scratch[index] ?? 0)))
        }
    }

    private func connectOutputs() {
        for output in graph.outputs where output.role == .result {
            results.append(
                ProgramMemory(type: graph.type(of: output.value), base: address(output.value)))
        }
        let withCopy = Set(graph.outputs.filter { $0.role == .rounded }.map(\.name))
        for output in graph.outputs where output.role == .state {
            let entry = store.entry(output.name, graph.type(of: output.value).shape)
            written.append((entry, withCopy.contains(output.name)))
            let producer = graph.storage(of: output.value).node
            let type = graph.type(of: output.value)
            if type.dtype == .float32, !graph.nodes[producer].operation.checksFiniteness {
                unchecked.append((entry.buffer.base, type.shape.count))
            }
        }
        for output in schedule.copied {
            guard let place = output.place else { continue }
            let (source, target) = (address(output.value), stateMemory(place, output.value).base)
            let count = graph.type(of: output.value).byteCount
            if source != target { copies.append((source, target, count)) }
        }
    }
}

extension Graph {
    fileprivate func makeKernel(_ index: Int, _ context: CompileContext) throws -> any Kernel {
        let node = nodes[index]
        let types = KernelTypes(
            inputs: node.inputs.map(type(of:)), outputs: node.types,
            threads: context.threads, startsSoon: context.startsSoon,
            communicator: context.communicator)
        guard let operation = node.operation as? any Lowered else {
            throw GraphFault("the CPU backend has no kernel for \(line(index))")
        }
        return try operation.makeKernel(types)
    }
}
