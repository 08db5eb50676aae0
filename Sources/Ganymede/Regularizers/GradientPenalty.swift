/// weight E[(|grad D(y)| - 1)^2], y uniform on the line between a real image and a fake (WGAN-GP; Gulrajani et al.,
/// "Improved training of Wasserstein GANs", 2017).
public struct GradientPenalty: UnitGradientPenalty {
    public static let kind = "gradient-penalty"
    public static var defaults: GradientPenalty? { GradientPenalty() }

    /// Lambda in the paper.
    public var weight: Schedule
    public var method: GradientMethod
    public var sigma: Double

    /// A penalty of `weight` times the mean.
    public init(weight: Schedule = 10, method: GradientMethod = .exact, sigma: Double = 0.05) {
        self.weight = weight
        self.method = method
        self.sigma = sigma
    }

    public func penalty(
        _ discriminate: @escaping (Tensor) -> Tensor, real: Tensor, fake: Tensor,
        random: (Distribution, Shape) -> Tensor
    ) -> Tensor {
        let ones = real.shape.dimensions.dropFirst().map { _ in 1 }
        let share = random(.uniform, Shape([real.shape[0]] + ones))
        return penalty(at: real * share + fake * (1 - share), discriminate)
    }
}
