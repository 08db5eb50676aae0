/// Adam (Kingma and Ba, 2015) as Keras defines it:
/// w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon).
/// PyTorch's epsilon differs by the factor sqrt(1 - beta2^t).
public struct Adam: Optimizer {
    public static let kind = "adam"
    public static var defaults: Adam? { Adam() }
    /// The step size before bias correction.
    public var learningRate: Schedule
    /// The decay rate of the moving average of gradients.
    public var beta1: Double
    /// The decay rate of the moving average of squared gradients.
    public var beta2: Schedule
    /// Added to sqrt(v).
    public var epsilon: Double

    /// Keras's defaults.
    public init(
        learningRate: Schedule = 1e-3, beta1: Double = 0.9, beta2: Schedule = 0.999,
        epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public var slots: [String] { ["m", "v"] }
    public var scalars: [String] { beta2.isConstant ? ["step_size"] : ["step_size", "beta2"] }
    public var schedules: [WritableKeyPath<Adam, Schedule>] { [\.learningRate, \.beta2] }

    public var fault: String? {
        learningRate.fault("learning_rate of adam", 0..<Double.infinity)
            ?? beta2.fault("beta2 of adam", 0..<1)
            ?? outside([
                ("beta1", beta1, 0..<1),
                ("epsilon", epsilon, 0..<Double.infinity),
            ])
    }

    public func scalarValue(_ index: Int, update t: Int, step: Int) -> Double {
        if index == 1 { return beta2[step] }
        let (first, second) = (LibM.pow(beta1, Double(t)), LibM.pow(beta2[step], Double(t)))
        return learningRate[step] * (1 - second).squareRoot() / (1 - first)
    }

    public func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor]) {
        guard beta2.isConstant else {
            let m = slots[0] * beta1 + gradient * (1 - beta1)
            let v = slots[1] + (1 - scalars[1]) * (gradient * gradient - slots[1])
            return (weight - scalars[0] * m / (v.sqrt() + epsilon), [m, v])
        }
        let new = weight.adamUpdated(
            gradient: gradient, m: slots[0], v: slots[1], stepSize: scalars[0], beta1: beta1,
            beta2: beta2.from, epsilon: epsilon)
        return (new.weight, [new.m, new.v])
    }
}
