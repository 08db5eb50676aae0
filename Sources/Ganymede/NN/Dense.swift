/// y = x W + b, on x [batch, inputs]. W is `weight` [inputs, units], b is `bias` [units].
public struct Dense: Layer {
    public static let kind = "dense"
    public static var defaults: Dense? { Dense(0) }
    public var mixesSamples: Bool { false }
    /// The number of outputs.
    public let units: Int
    /// Whether b is added.
    public let useBias: Bool

    /// A layer of `units` outputs, with Glorot-uniform weights and zero biases.
    public init(_ units: Int, useBias: Bool = true) {
        self.units = units
        self.useBias = useBias
    }

    public func fault(forSample shape: [Int]) -> String? {
        if !(1...1_000_000).contains(units) { return "it takes 1 to 1,000,000 units, not \(units)" }
        return shape.count == 1 ? nil : "it takes a list of inputs: put a Flatten before it"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let weight = context.parameter("weight", [x.shape[1], units], .glorotUniform)
        let y = x.matmul(weight)
        return useBias ? y + context.parameter("bias", [units], .zeros) : y
    }
}
