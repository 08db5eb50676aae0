/// weight E[(|grad D(y)| - 1)^2], y uniform on the line between a real image and a fake (WGAN-GP; Gulrajani et al.,
/// "Improved training of Wasserstein GANs", 2017).
public struct GradientPenalty: Regularizer {
    public static let kind = "gradient-penalty"
    public static var defaults: GradientPenalty? { GradientPenalty() }

    /// Lambda in the paper.
    public var weight: Double

    /// A penalty of `weight` times the mean.
    public init(weight: Double = 10) { self.weight = weight }

    public var fault: String? {
        weight >= 0 && weight.isFinite
            ? nil : "weight of gradient-penalty is from 0 on, and not \(weight)"
    }

    public func penalty(
        _ discriminate: (Tensor) -> Tensor, real: Tensor, fake: Tensor,
        random: (Shape) -> Tensor
    ) -> Tensor {
        let ones = real.shape.dimensions.dropFirst().map { _ in 1 }
        let share = random(Shape([real.shape[0]] + ones))
        let between = real * share + fake * (1 - share)
        let slope = gradients(of: discriminate(between), withRespectTo: [between])[0]
        // The derivative of the square root is infinite at 0.
        let norms = (slope.squaredNorms() + 1e-12).sqrt()
        return ((norms - 1) * (norms - 1)).mean() * weight
    }
}
