/// Stochastic gradient descent with momentum, as Keras defines it:
/// velocity = momentum velocity - lr g, w += velocity.
public struct SGD: Optimizer {
    public static let kind = "sgd"
    public static var defaults: SGD? { SGD() }
    /// The learning rate.
    public var learningRate: Schedule
    /// The fraction of the old velocity that is kept.
    public var momentum: Double

    /// Keras's defaults.
    public init(learningRate: Schedule = 0.01, momentum: Double = 0) {
        self.learningRate = learningRate
        self.momentum = momentum
    }

    public var slots: [String] { momentum == 0 ? [] : ["velocity"] }
    public var scalars: [String] { ["learning_rate"] }
    public var fault: String? {
        learningRate.fault("learning_rate of sgd", 0..<Double.infinity)
            ?? outside([("momentum", momentum, 0..<1)])
    }

    public func scalarValue(_ index: Int, update t: Int, step: Int) -> Double { learningRate[step] }

    public func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor]) {
        let step = scalars[0] * gradient
        if momentum == 0 { return (weight - step, []) }
        let velocity = slots[0] * momentum - step
        return (weight + velocity, [velocity])
    }
}
