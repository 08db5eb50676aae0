extension AllReduce: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let count = types.communicator?.count ?? 1
        guard count == ranks else {
            throw GraphFault("\(name) \(attributes) is compiled for \(count) ranks")
        }
        return AllReduceKernel(types.communicator, counts: types.inputs.map(\.shape.count))
    }
}

/// Copies all tensors into one message: a call costs more than the copies.
private final class AllReduceKernel: Kernel {
    let implementation = "ganymede:allReduce"
    let scratchBytes: Int
    private let communicator: (any Communicator)?
    private let counts: [Int]
    private var memory: KernelMemory?

    init(_ communicator: (any Communicator)?, counts: [Int]) {
        self.communicator = communicator
        self.counts = counts
        scratchBytes = counts.reduce(0, +) * MemoryLayout<Float>.stride
    }

    func bind(_ memory: KernelMemory) { self.memory = memory }

    func run() -> Bool {
        guard let memory else { return true }
        let message = memory.scratch.assumingMemoryBound(to: Float.self)
        var place = message
        for (index, count) in counts.enumerated() {
            place.update(from: memory.floats(input: index), count: count)
            place += count
        }
        communicator?.sum(
            UnsafeMutableBufferPointer(start: message, count: place - message))
        place = message
        for (index, count) in counts.enumerated() {
            memory.floats(output: index).update(from: place, count: count)
            place += count
        }
        return true
    }
}
