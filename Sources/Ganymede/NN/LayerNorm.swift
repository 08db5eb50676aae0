/// Layer normalization, as Keras defines it (Ba, Kiros and Hinton, 2016), by the mean and population variance over the
/// last axis.
public struct LayerNorm: Layer {
    public static let kind = "layer_norm"
    public static var defaults: LayerNorm? { LayerNorm() }
    public var mixesSamples: Bool { false }
    /// Added to the variance, to avoid a division by zero.
    public let epsilon: Double

    /// A normalization with Keras's default.
    public init(epsilon: Double = 1e-3) { self.epsilon = epsilon }

    public func fault(forSample shape: [Int]) -> String? {
        if shape.isEmpty { return "it takes at least one axis of channels" }
        return epsilon > 0 ? nil : "its epsilon is above 0, and not \(epsilon)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let axis = x.shape.rank - 1
        let gamma = context.parameter("gamma", [x.shape[axis]], .ones)
        let beta = context.parameter("beta", [x.shape[axis]], .zeros)
        return x.normalized(over: [axis], epsilon: epsilon) * gamma + beta
    }
}

extension Tensor {
    /// (x - mean) / sqrt(variance + epsilon), with the mean and population variance over `axes`.
    func normalized(over axes: [Int], epsilon: Double) -> Tensor {
        let narrow = Shape(shape.dimensions.indices.map { axes.contains($0) ? 1 : shape[$0] })
        let centered = self - mean(axes: axes).reshape(narrow)
        let variance = (centered * centered).mean(axes: axes).reshape(narrow)
        return centered / (variance + epsilon).sqrt()
    }
}
