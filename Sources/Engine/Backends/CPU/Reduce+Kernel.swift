import CKernels

extension Reduce: Lowered {
    /// Adjacent axes are reduced together. Separate groups of axes are reduced one after the other, the
    /// last first, through scratch memory.
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        ReduceKernel(self, types.inputs[0])
    }
}

private final class ReduceKernel: Kernel {
    let implementation = "ganymede:reduce"
    private struct Stage {
        let outer: Int
        let reduced: Int
        let inner: Int
        var count: Int { outer * inner }
    }
    private let kind: gk_reduction
    private let element: gk_element
    private let stages: [Stage]
    private var memory: KernelMemory?

    init(_ reduce: Reduce, _ type: TensorType) {
        kind = reduce.kind == .sum ? GK_SUM : GK_MAX
        element = type.dtype.element
        var extents = type.shape.dimensions
        var remaining = reduce.axes
        var stages: [Stage] = []
        while let last = remaining.popLast() {
            var first = last
            while remaining.last == first - 1 { first = remaining.removeLast() }
            stages.append(
                Stage(
                    outer: extents[..<first].reduce(1, *),
                    reduced: extents[first...last].reduce(1, *),
                    inner: extents[(last + 1)...].reduce(1, *)))
            for axis in first...last { extents[axis] = 1 }
        }
        self.stages = stages
        halfBytes = aligned((stages.dropLast().map(\.count).max() ?? 0) * 4)
    }

    var scratchBytes: Int { 2 * halfBytes }
    /// Stored, because computing it allocates and every run needs it.
    private let halfBytes: Int

    func bind(_ memory: KernelMemory) { self.memory = memory }

    func run() -> Bool {
        guard let memory else { return true }
        var source = memory.inputs[0]
        var element = element
        for (index, stage) in stages.enumerated() {
            let last = index == stages.count - 1
            let scratch = (memory.scratch + (index % 2) * halfBytes)
                .assumingMemoryBound(to: Float.self)
            let target = last ? memory.floats(output: 0) : scratch
            gk_reduce(kind, element, source, target, stage.outer, stage.reduced, stage.inner)
            (source, element) = (UnsafeMutableRawPointer(target), GK_FLOAT)
        }
        return true
    }
}
