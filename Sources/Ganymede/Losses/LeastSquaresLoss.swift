/// Squared errors in place of cross-entropies: the discriminator minimises ((D(x) - 1)^2 + D(G(z))^2) / 2, the generator
/// (D(G(z)) - 1)^2 / 2 (Mao et al., "Least squares generative adversarial networks", 2017, with a = 0, b = c = 1). Means
/// over the batch.
public struct LeastSquaresLoss: SeparableLoss {
    public static let kind = "least-squares"
    public static var defaults: LeastSquaresLoss? { LeastSquaresLoss() }

    /// The loss.
    public init() {}

    /// Halfway between the targets.
    public var realThreshold: Double { 0.5 }

    public func real(_ logits: Tensor) -> Tensor { halfSquare(logits - 1) }
    public func fake(_ logits: Tensor) -> Tensor { halfSquare(logits) }
    public func generator(_ logits: Tensor) -> Tensor { halfSquare(logits - 1) }

    private func halfSquare(_ x: Tensor) -> Tensor { (x * x).mean() * 0.5 }
}

extension AdversarialLoss where Self == LeastSquaresLoss {
    /// ``LeastSquaresLoss``
    public static var leastSquares: LeastSquaresLoss { LeastSquaresLoss() }
}
