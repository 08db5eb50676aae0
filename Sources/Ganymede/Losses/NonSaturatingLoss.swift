/// The discriminator minimises -log D(x) - log(1 - D(G(z))), the generator -log D(G(z)): the form that has useful
/// gradients early on (Goodfellow et al., "Generative adversarial nets", 2014, section 3). Means over the batch.
public struct NonSaturatingLoss: CrossEntropyLoss {
    public static let kind = "non-saturating"
    public static var defaults: NonSaturatingLoss? { NonSaturatingLoss() }

    /// How much the discriminator's target for real images is below 1 (one-sided; Salimans et al., "Improved techniques
    /// for training GANs", 2016).
    public var labelSmoothing: Double

    /// A loss with real targets of 1 - `labelSmoothing`.
    public init(labelSmoothing: Double = 0) { self.labelSmoothing = labelSmoothing }

    public func generator(_ logits: Tensor) -> Tensor {
        logits.sigmoidCrossEntropy(target: 1).mean()
    }
}

extension AdversarialLoss where Self == NonSaturatingLoss {
    /// ``NonSaturatingLoss``
    public static var nonSaturating: NonSaturatingLoss { NonSaturatingLoss() }
    /// ``NonSaturatingLoss``
    public static func nonSaturating(labelSmoothing: Double) -> NonSaturatingLoss {
        NonSaturatingLoss(labelSmoothing: labelSmoothing)
    }
}
