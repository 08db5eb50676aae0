/// An exponential moving average of the generator's weights and statistics, which is used in place of them to make
/// samples: a = d a + (1 - d) w after each step. It removes most of the noise of a GAN's last steps (Yazıcı et al., "The
/// unusual effectiveness of averaging in GAN training", 2019).
public struct WeightAverage: Codable, Equatable, Sendable {
    /// d. With a constant decay the average is over about the last 1 / (1 - d) steps.
    public var decay: Schedule
    /// Whether d is at most (1 + t) / (10 + t) after t steps, so that the initial weights are soon forgotten.
    public var warmup: Bool

    /// An average with a decay of `decay`.
    public init(decay: Schedule = 0.999, warmup: Bool = true) {
        self.decay = decay
        self.warmup = warmup
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let standard = WeightAverage()
        decay = try container.decodeIfPresent(Schedule.self, forKey: .decay) ?? standard.decay
        warmup = try container.decodeIfPresent(Bool.self, forKey: .warmup) ?? standard.warmup
    }

    /// The decay of the step that follows `step` finished ones.
    public func decay(step: Int) -> Double {
        let limit = Double(1 + step) / Double(10 + step)
        return warmup ? min(decay[step], limit) : decay[step]
    }

    /// Describes a field that is out of range; nil if there is none.
    var fault: String? { decay.fault("the decay of the average", 0..<1) }
}

/// Which of a generator's weights make samples.
public enum GeneratorWeights: String, Sendable, CaseIterable {
    /// Their exponential moving average, if the run has one.
    case ema
    /// Those of the last step.
    case raw
}
