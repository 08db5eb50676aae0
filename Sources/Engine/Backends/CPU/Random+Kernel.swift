import CKernels

extension Distribution {
    /// The C kernel's distribution and its parameter.
    var code: (kind: gk_distribution, parameter: Float) {
        switch self {
        case .normal: (GK_NORMAL, 0)
        case .uniform: (GK_UNIFORM, 0)
        case .signedUniform: (GK_SIGNED_UNIFORM, 0)
        case .bernoulli(let probability): (GK_BERNOULLI_NUMBERS, Float(probability))
        }
    }
}

extension Random: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let (kind, parameter) = distribution.code
        let number = streamNumber
        let (first, count) = (first, shape.count)
        return CallKernel("ganymede:philox") { memory in
            gk_random(
                kind, memory.inputs[0].assumingMemoryBound(to: UInt32.self), number, parameter,
                memory.floats(output: 0), first, count)
            return true
        }
    }

    /// The values of one tensor, computed immediately: the same as a program draws with this key.
    package static func draw(
        _ distribution: Distribution, count: Int, stream: String, key: RandomKey
    ) -> [Float] {
        EngineThread.run {
            [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                if let base = buffer.baseAddress {
                    let (kind, parameter) = distribution.code
                    gk_random(
                        kind, key.words, number(ofStream: stream), parameter, base, 0, count)
                }
                initialized = count
            }
        }
    }
}
