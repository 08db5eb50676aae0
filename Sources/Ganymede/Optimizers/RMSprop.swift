/// RMSprop (Tieleman and Hinton, 2012) as Keras defines it, with epsilon inside the root:
/// v = rho v + (1 - rho) g^2, w -= lr g / sqrt(v + epsilon), lr = learningRate / (1 + decay (t - 1)).
public struct RMSprop: Optimizer {
    public static let kind = "rmsprop"
    public static var defaults: RMSprop? { RMSprop() }
    /// The initial learning rate.
    public var learningRate: Schedule
    /// The decay rate of the moving average of squared gradients.
    public var rho: Double
    /// Added to v under the root.
    public var epsilon: Double
    /// The decay of the learning rate per update.
    public var decay: Double
    /// Gradients are clipped to [-clipValue, clipValue]; nil for no clipping.
    public var clipValue: Double?

    /// Keras's defaults.
    public init(
        learningRate: Schedule = 1e-3, rho: Double = 0.9, epsilon: Double = 1e-7, decay: Double = 0,
        clipValue: Double? = nil
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.epsilon = epsilon
        self.decay = decay
        self.clipValue = clipValue
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(learningRate, forKey: .learningRate)
        try container.encode(rho, forKey: .rho)
        try container.encode(epsilon, forKey: .epsilon)
        try container.encode(decay, forKey: .decay)
        // Written as null if nil, so that --set finds the key.
        try container.encode(clipValue, forKey: .clipValue)
    }

    public var slots: [String] { ["v"] }
    public var scalars: [String] { ["learning_rate"] }

    public var fault: String? {
        learningRate.fault("learning_rate of rmsprop", 0..<Double.infinity)
            ?? outside([
                ("rho", rho, 0..<1),
                ("epsilon", epsilon, 0..<Double.infinity),
                ("decay", decay, 0..<Double.infinity),
                ("clip_value", clipValue ?? 0, 0..<Double.infinity),
            ])
    }

    public func scalarValue(_ index: Int, update t: Int, step: Int) -> Double {
        learningRate[step] / (1 + decay * Double(t - 1))
    }

    public func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor]) {
        let g = clipValue.map { gradient.clipped(-$0, $0) } ?? gradient
        let v = slots[0] * rho + g * g * (1 - rho)
        return (weight - scalars[0] * g / (v + epsilon).sqrt(), [v])
    }
}
