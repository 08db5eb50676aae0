/// x where positive, else `negativeSlope` x. Keras's default slope is 0.3.
public struct LeakyReLU: Layer {
    public static let kind = "leaky_relu"
    public static var defaults: LeakyReLU? { LeakyReLU() }
    public var mixesSamples: Bool { false }
    /// The slope below zero.
    public let negativeSlope: Double

    /// A leaky ReLU with a non-negative slope.
    public init(_ negativeSlope: Double = 0.3) {
        self.negativeSlope = negativeSlope
    }

    public func fault(forSample shape: [Int]) -> String? {
        negativeSlope >= 0 ? nil : "its slope is not negative, and not \(negativeSlope)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor { x.leakyRelu(negativeSlope) }
}

/// max(x, 0).
public struct ReLU: Layer {
    public static let kind = "relu"
    public var mixesSamples: Bool { false }
    /// The rectifier.
    public init() {}
    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor { x.relu() }
}

/// The hyperbolic tangent.
public struct Tanh: Layer {
    public static let kind = "tanh"
    public var mixesSamples: Bool { false }
    /// The hyperbolic tangent.
    public init() {}
    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor { x.tanh() }
}

/// 1 / (1 + e^-x).
public struct Sigmoid: Layer {
    public static let kind = "sigmoid"
    public var mixesSamples: Bool { false }
    /// The logistic function.
    public init() {}
    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor { x.sigmoid() }
}
