/// Adam (Kingma and Ba, 2015) as Keras defines it:
/// w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon).
/// PyTorch's epsilon differs by the factor sqrt(1 - beta2^t).
public struct Adam: Optimizer {
    public static let kind = "adam"
    public static var defaults: Adam? { Adam() }
    /// The step size before bias correction.
    public var learningRate: Double
    /// The decay rate of the moving average of gradients.
    public var beta1: Double
    /// The decay rate of the moving average of squared gradients.
    public var beta2: Double
    /// Added to sqrt(v).
    public var epsilon: Double

    /// Keras's defaults.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public var slots: [String] { ["m", "v"] }
    public var scalars: [String] { ["step_size"] }

    public var fault: String? {
        outside([
            ("learning_rate", learningRate, 0..<Double.infinity),
            ("beta1", beta1, 0..<1),
            ("beta2", beta2, 0..<1),
            ("epsilon", epsilon, 0..<Double.infinity),
        ])
    }

    public func scalarValue(_ index: Int, update t: Int) -> Double {
        let (first, second) = (LibM.pow(beta1, Double(t)), LibM.pow(beta2, Double(t)))
        return learningRate * (1 - second).squareRoot() / (1 - first)
    }

    public func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor]) {
        let new = weight.adamUpdated(
            gradient: gradient, m: slots[0], v: slots[1], stepSize: scalars[0], beta1: beta1,
            beta2: beta2, epsilon: epsilon)
        return (new.weight, [new.m, new.v])
    }
}
