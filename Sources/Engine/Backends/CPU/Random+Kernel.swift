import CKernels

extension Distribution {
    /// The C kernel's name for it, and its parameter.
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
        let count = shape.count
        return CallKernel("ganymede:philox") { memory in
            gk_random(
                kind, memory.inputs[0].assumingMemoryBound(to: UInt32.self), number, parameter,
                memory.floats(output: 0), count)
            return true
        }
    }

    /// The numbers of one tensor, computed at once: what a program with this key would draw.
    package static func draw(
        _ distribution: Distribution, count: Int, stream: String, key: RandomKey
    ) -> [Float] {
        EngineThread.run {
            [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                if let base = buffer.baseAddress {
                    let (kind, parameter) = distribution.code
                    gk_random(
                        kind, key.words, number(ofStream: stream), parameter, base, count)
                }
                initialized = count
            }
        }
    }
}

/// What Philox is keyed with: a seed and a step.
package struct RandomKey: Hashable, Sendable {
    private let seed: UInt64
    private let step: UInt64

    package init(seed: UInt64, step: UInt64) {
        self.seed = seed
        self.step = step
    }

    /// Seed low, seed high, step low, step high.
    package func word(_ index: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: (index < 2 ? seed : step) >> (index % 2 * 32))
    }

    package var words: [UInt32] { (0..<4).map(word) }
}
