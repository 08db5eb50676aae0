/// weight / 2 E[|grad D(x)|^2] over real images (Mescheder et al., "Which training methods for GANs do actually
/// converge?", 2018).
public struct R1: Regularizer {
    public static let kind = "r1"
    public static var defaults: R1? { R1() }

    /// Gamma in the paper.
    public var weight: Double

    /// A penalty of `weight` / 2 times the mean squared norm.
    public init(weight: Double = 10) { self.weight = weight }

    public var fault: String? {
        weight >= 0 && weight.isFinite ? nil : "weight of r1 is from 0 on, and not \(weight)"
    }

    public func penalty(
        _ discriminate: (Tensor) -> Tensor, real: Tensor, fake: Tensor,
        random: (Shape) -> Tensor
    ) -> Tensor {
        let slope = gradients(of: discriminate(real), withRespectTo: [real])[0]
        return slope.squaredNorms().mean() * (weight / 2)
    }
}
