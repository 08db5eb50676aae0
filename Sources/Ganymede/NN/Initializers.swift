/// How a variable is initialized.
public enum Initializer: Sendable, Equatable {
    /// All 0.
    case zeros
    /// All 1.
    case ones
    /// Uniform within +-sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010).
    case glorotUniform
    /// Uniform within +-limit.
    case uniform(limit: Double)
    /// Normal with this standard deviation.
    case normal(standardDeviation: Double)

    /// The initial values of the variable `name` in a run with the random seed `seed`.
    package func values(_ shape: Shape, name: String, seed: UInt64) -> [Float] {
        let stream = "initial/\(name)"
        let key = RandomKey(seed: seed, step: 0)
        switch self {
        case .zeros: return [Float](repeating: 0, count: shape.count)
        case .ones: return [Float](repeating: 1, count: shape.count)
        case .glorotUniform:
            let (fanIn, fanOut) = fans(shape)
            let limit = (6 / Double(fanIn + fanOut)).squareRoot()
            return Initializer.uniform(limit: limit).values(shape, name: name, seed: seed)
        case .uniform(let limit):
            return Random.draw(.signedUniform, count: shape.count, stream: stream, key: key)
                .map { $0 * Float(limit) }
        case .normal(let deviation):
            return Random.draw(.normal, count: shape.count, stream: stream, key: key)
                .map { $0 * Float(deviation) }
        }
    }

    /// Fan in and fan out: the last two axes times the receptive field.
    private func fans(_ shape: Shape) -> (Int, Int) {
        guard shape.rank >= 2 else { return (shape.count, shape.count) }
        let field = shape.dimensions.dropLast(2).reduce(1, *)
        return (shape[shape.rank - 2] * field, shape[shape.rank - 1] * field)
    }
}
