/// Sets each value to zero with probability `rate` while training, and scales the others by
/// 1 / (1 - rate) (Srivastava et al., 2014). Stays active in a frozen network, as in Keras.
public struct Dropout: Layer {
    public static let kind = "dropout"
    public var mixesSamples: Bool { false }
    /// The fraction of values that is dropped.
    public let rate: Double

    /// A dropout of a rate from 0 to below 1.
    public init(_ rate: Double) {
        self.rate = rate
    }

    public func fault(forSample shape: [Int]) -> String? {
        (0..<1).contains(rate) ? nil : "its rate is from 0 to below 1, and not \(rate)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        if context.mode == .inference || rate == 0 { return x }
        let mask = context.random(.bernoulli(probability: 1 - rate), x.shape)
        return x * mask * (1 / (1 - rate))
    }
}
