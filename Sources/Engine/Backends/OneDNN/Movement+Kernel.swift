import CKernels

extension Reshape {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        misuse("a reshape shares its input's memory and has no kernel")
    }
}

extension Broadcast {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        copyKernel(shape, types.inputs[0].shape.broadcastStrides(to: shape))
    }
}

extension Transpose {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let strides = types.inputs[0].shape.strides
        return copyKernel(types.outputs[0].shape, permutation.map { strides[$0] })
    }
}

/// A kernel that reads with the given strides and writes in order.
private func copyKernel(_ shape: Shape, _ strides: [Int]) -> any Kernel {
    if shape.rank > Int(GK_MAX_RANK) { misuse("a tensor of \(shape.rank) axes cannot be copied") }
    // Axes that continue each other become one, so that the inner loop is long.
    var extents: [Int] = []
    var steps: [Int] = []
    for (extent, step) in zip(shape.dimensions, strides) where extent != 1 {
        if let last = steps.last, last == step * extent, let previous = extents.popLast() {
            extents.append(previous * extent)
            steps[steps.count - 1] = step
        } else {
            extents.append(extent)
            steps.append(step)
        }
    }
    return CallKernel("ganymede:copy") { [extents, steps] memory in
        gk_copy_strided(
            memory.inputs[0].assumingMemoryBound(to: UInt32.self),
            memory.outputs[0].assumingMemoryBound(to: UInt32.self),
            Int32(extents.count), extents, steps)
        return true
    }
}
