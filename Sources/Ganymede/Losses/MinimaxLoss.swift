/// The original game: the discriminator minimises -log D(x) - log(1 - D(G(z))), the generator log(1 - D(G(z)))
/// (Goodfellow et al., "Generative adversarial nets", 2014, equation 1). Means over the batch.
public struct MinimaxLoss: SeparableLoss {
    public static let kind = "minimax"
    public static var defaults: MinimaxLoss? { MinimaxLoss() }

    /// See ``NonSaturatingLoss/labelSmoothing``.
    public var labelSmoothing: Double

    /// A loss with real targets of 1 - `labelSmoothing`.
    public init(labelSmoothing: Double = 0) { self.labelSmoothing = labelSmoothing }

    public var fault: String? { labelSmoothingFault(labelSmoothing) }
    public var fakeDerivativeIsNonzero: Bool { true }

    public func real(_ logits: Tensor) -> Tensor {
        logits.sigmoidCrossEntropy(target: 1 - labelSmoothing).mean()
    }
    public func fake(_ logits: Tensor) -> Tensor { logits.sigmoidCrossEntropy(target: 0).mean() }
    public func generator(_ logits: Tensor) -> Tensor {
        -logits.sigmoidCrossEntropy(target: 0).mean()
    }
}

extension AdversarialLoss where Self == MinimaxLoss {
    /// ``MinimaxLoss``
    public static var minimax: MinimaxLoss { MinimaxLoss() }
    /// ``MinimaxLoss``
    public static func minimax(labelSmoothing: Double) -> MinimaxLoss {
        MinimaxLoss(labelSmoothing: labelSmoothing)
    }
}
