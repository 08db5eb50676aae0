/// weight / 2 E[|grad D(G(z))|^2] over fakes (Mescheder et al., "Which training methods for GANs do actually converge?",
/// 2018). Together with ``R1`` it is the penalty of R3GAN (Huang et al., 2024).
public struct R2: GradientNormPenalty {
    public static let kind = "r2"
    public static var defaults: R2? { R2() }

    /// Gamma in the paper.
    public var weight: Schedule
    public var method: GradientMethod
    public var sigma: Double

    /// A penalty of `weight` / 2 times the mean squared norm.
    public init(weight: Schedule = 10, method: GradientMethod = .exact, sigma: Double = 0.05) {
        self.weight = weight
        self.method = method
        self.sigma = sigma
    }

    public func penalty(
        _ discriminate: @escaping (Tensor) -> Tensor, real: Tensor, fake: Tensor,
        random: (Distribution, Shape) -> Tensor
    ) -> Tensor {
        penalty(at: fake, discriminate, random: random)
    }
}
