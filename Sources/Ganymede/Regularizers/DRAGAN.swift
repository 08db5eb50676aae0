/// weight E[(|grad D(y)| - 1)^2], y near real images: y = x + a s u / 2, with s the standard deviation of the batch's
/// values, and a (one for each image) and u (one for each value) uniform on [0, 1) (Kodali et al., "On convergence and
/// stability of GANs", 2017, as in their code).
public struct DRAGAN: UnitGradientPenalty {
    public static let kind = "dragan"
    public static var defaults: DRAGAN? { DRAGAN() }

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
        let centered = real - real.mean()
        let deviation = (centered * centered).mean().sqrt()
        let ones = real.shape.dimensions.dropFirst().map { _ in 1 }
        let share = random(.uniform, Shape([real.shape[0]] + ones))
        let change = random(.uniform, real.shape) * share * (deviation * 0.5)
        return penalty(at: real + change, discriminate)
    }
}
