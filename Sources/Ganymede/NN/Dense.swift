/// y = x W + b, on x [batch, inputs]. W is `weight` [inputs, units], b is `bias` [units].
public struct Dense: Layer {
    public static let kind = "dense"
    /// Outputs.
    public let units: Int
    /// Whether b is there.
    public let useBias: Bool

    /// A layer of `units` outputs, with Glorot-uniform weights and zero biases.
    public init(_ units: Int, useBias: Bool = true) {
        if units < 1 { misuse("Dense needs at least one unit, not \(units)") }
        self.units = units
        self.useBias = useBias
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        guard x.shape.rank == 2 else {
            context.misfit(x, "[batch, inputs]: put a Flatten before it")
        }
        let weight = context.parameter("weight", [x.shape[1], units], .glorotUniform)
        let y = x.matmul(weight)
        return useBias ? y + context.parameter("bias", [units], .zeros) : y
    }
}
