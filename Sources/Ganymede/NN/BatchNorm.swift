/// Batch normalization over all axes but the last, as Keras defines it (Ioffe and Szegedy, 2015).
///
/// Training uses the batch's mean and population variance and updates the moving statistics:
/// moving = momentum moving + (1 - momentum) batch. Inference and frozen networks use the moving statistics.
public struct BatchNorm: Layer {
    public static let kind = "batch_norm"
    public static var defaults: BatchNorm? { BatchNorm() }
    /// The share of the moving statistics that is kept at each step.
    public let momentum: Double
    /// Added to the variance, to avoid a division by zero.
    public let epsilon: Double

    /// A normalization with Keras's defaults.
    public init(momentum: Double = 0.99, epsilon: Double = 1e-3) {
        self.momentum = momentum
        self.epsilon = epsilon
    }

    public func fault(forSample shape: [Int]) -> String? {
        if shape.isEmpty { return "it takes at least one axis of channels" }
        if !(0...1).contains(momentum) { return "its momentum is from 0 to 1, and not \(momentum)" }
        return epsilon > 0 ? nil : "its epsilon is above 0, and not \(epsilon)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let channels: Shape = [x.shape[x.shape.rank - 1]]
        return normalize(
            x, context, gamma: context.parameter("gamma", channels, .ones),
            beta: context.parameter("beta", channels, .zeros))
    }

    /// The normalization with a scale and an offset for each channel; nil for 1 and 0.
    func normalize(_ x: Tensor, _ context: LayerContext, gamma: Tensor?, beta: Tensor?) -> Tensor {
        let channels: Shape = [x.shape[x.shape.rank - 1]]
        let gamma = gamma ?? context.constant(channels, channels.ones)
        let beta = beta ?? context.constant(channels, channels.zeros)
        let mean = context.parameter("moving_mean", channels, .zeros, trainable: false)
        let variance = context.parameter("moving_variance", channels, .ones, trainable: false)
        if context.mode == .inference || context.frozen {
            let scale = gamma / (variance + epsilon).sqrt()
            return x * scale + (beta - mean * scale)
        }
        let result = x.batchNormalized(gamma: gamma, beta: beta, epsilon: epsilon)
        context.update("moving_mean", to: mean * momentum + result.mean * (1 - momentum))
        context.update(
            "moving_variance", to: variance * momentum + result.variance * (1 - momentum))
        return result.y
    }
}

extension Shape {
    fileprivate var ones: [Double] { [Double](repeating: 1, count: count) }
    fileprivate var zeros: [Double] { [Double](repeating: 0, count: count) }
}
