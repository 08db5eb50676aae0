import CKernels

/// Distribution of random numbers.
public enum Distribution: Hashable, Sendable {
    /// Standard normal, by the Box-Muller transform.
    case normal
    /// Uniform on [0, 1).
    case uniform
    /// Uniform on [-1, 1).
    case signedUniform
    /// 1 with the given probability, else 0.
    case bernoulli(probability: Double)

    package static let examples: [Distribution] = [
        .normal, .uniform, .signedUniform, .bernoulli(probability: 0.5),
    ]
}

/// Random numbers from Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// 2011). Element i depends only on the input `key` [4] (seed low, seed high, step low, step high), on
/// the stream's number and on i.
package struct Random: Primitive {
    package let distribution: Distribution
    package let shape: Shape
    package let stream: String
    /// The index in the stream of the first element, a multiple of 4; not 0 for a share of a tensor.
    package let first: Int

    package init(_ distribution: Distribution, _ shape: Shape, stream: String, first: Int = 0) {
        self.distribution = distribution
        self.shape = shape
        self.stream = stream
        self.first = first
    }

    package var streamNumber: UInt32 { Random.number(ofStream: stream) }

    package var randomStream: RandomStream? {
        RandomStream(name: stream, number: streamNumber)
    }

    /// FNV-1a hash of the stream's name. The verifier rejects two streams with the same number.
    package static func number(ofStream stream: String) -> UInt32 {
        stream.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    package var name: String {
        switch distribution {
        case .normal: "philoxNormal"
        case .uniform: "philoxUniform"
        case .signedUniform: "philoxSignedUniform"
        case .bernoulli: "philoxBernoulli"
        }
    }

    package var attributes: String {
        let from = first == 0 ? "" : " from \(first)"
        if case .bernoulli(let probability) = distribution {
            return "\(stream) p=\(probability)\(from)"
        }
        return stream + from
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs == [TensorType([4], .int32)] else {
            throw GraphFault("\(name) takes a key i32[4], not \(inputs)")
        }
        return [TensorType(shape)]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] { [nil] }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let key = inputs[0].values.map { UInt32(bitPattern: Int32($0)) }
        var values: [Double] = []
        for block in UInt32(first / 4)..<UInt32((first + shape.count + 3) / 4) {
            var words = [UInt32](repeating: 0, count: 4)
            gk_philox(key, streamNumber, block, &words)
            let uniform = words.map { Double($0 >> 8) * 0x1p-24 }
            switch distribution {
            case .uniform: values += uniform
            case .signedUniform: values += uniform.map { 2 * $0 - 1 }
            case .bernoulli(let probability):
                values += uniform.map { $0 < Double(Float(probability)) ? 1 : 0 }
            case .normal:
                for pair in [0, 2] {
                    let radius = (-2 * LibM.log(1 - uniform[pair])).squareRoot()
                    let angle = 2 * Double.pi * uniform[pair + 1]
                    values += [radius * LibM.cos(angle), radius * LibM.sin(angle)]
                }
            }
        }
        return [ReferenceTensor(shape, Array(values.prefix(shape.count)))]
    }
}

extension GraphBuilder {
    /// Random numbers that depend on the feed `key` and on `stream`. No other tensor may use the same stream.
    public func random(_ distribution: Distribution, _ shape: Shape, stream: String) -> Tensor {
        draws += 1
        switch randomness {
        case .feeds:
            return feed(stream, TensorType(shape))
        case .philox:
            let key = feed("key", TensorType([4], .int32))
            return emit(Random(distribution, shape, stream: stream), key)
        }
    }
}
