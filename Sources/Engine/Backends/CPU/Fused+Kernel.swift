import CKernels

extension BatchNormTraining: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let channels = types.inputs[1].shape.count
        let rows = types.inputs[0].shape.count / max(channels, 1)
        let element = types.inputs[0].dtype.element
        let (epsilon, slope) = (Float(epsilon), Float(slope))
        return CallKernel("ganymede:batchNorm") { memory in
            gk_batch_norm(
                element, memory.inputs[0], memory.floats(input: 1), memory.floats(input: 2),
                memory.outputs[0], memory.floats(output: 1), memory.floats(output: 2), rows,
                channels, epsilon, slope)
            return true
        }
    }
}

extension BatchNormGradient: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let channels = types.inputs[2].shape.count
        let rows = types.inputs[0].shape.count / max(channels, 1)
        let element = types.inputs[0].dtype.element
        let (epsilon, slope) = (Float(epsilon), Float(slope))
        return CallKernel("ganymede:batchNormGradient") { memory in
            gk_batch_norm_gradient(
                element, memory.inputs[0], memory.inputs[1], memory.floats(input: 2),
                memory.floats(input: 3), memory.floats(input: 4), memory.floats(input: 5),
                memory.outputs[0], memory.floats(output: 1), memory.floats(output: 2), rows,
                channels, epsilon, slope)
            return true
        }
    }
}

extension AdamUpdate: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let count = types.inputs[0].shape.count
        let (beta1, beta2, epsilon) = (beta1, beta2, Float(epsilon))
        return CallKernel("ganymede:adam") { memory in
            let copy =
                memory.outputs.count > 3
                ? memory.outputs[3].assumingMemoryBound(to: UInt16.self) : nil
            return !gk_adam(
                memory.floats(input: 0), memory.floats(input: 1), memory.floats(input: 2),
                memory.floats(input: 3), memory.floats(output: 0), memory.floats(output: 1),
                memory.floats(output: 2), copy, count, memory.floats(input: 4).pointee, beta1,
                beta2,
                epsilon)
        }
    }
}
