/// weight / 2 E[|grad D(x)|^2] over real images (Mescheder et al., "Which training methods for GANs do actually
/// converge?", 2018).
public struct R1: GradientNormPenalty {
    public static let kind = "r1"
    public static var defaults: R1? { R1() }

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
        penalty(at: real, discriminate, random: random)
    }
}
