/// The original game: the discriminator minimises -log D(x) - log(1 - D(G(z))), the generator log(1 - D(G(z)))
/// (Goodfellow et al., "Generative adversarial nets", 2014, equation 1). Means over the batch.
public struct MinimaxLoss: CrossEntropyLoss {
    public static let kind = "minimax"
    public static var defaults: MinimaxLoss? { MinimaxLoss() }

    /// See ``CrossEntropyLoss/labelSmoothing``.
    public var labelSmoothing: Double

    /// A loss with real targets of 1 - `labelSmoothing`.
    public init(labelSmoothing: Double = 0) { self.labelSmoothing = labelSmoothing }

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
