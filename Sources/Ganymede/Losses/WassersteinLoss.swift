/// The discriminator minimises D(G(z)) - D(x), the generator -D(G(z)) (Arjovsky, Chintala and Bottou, "Wasserstein
/// generative adversarial networks", 2017). It needs a penalty that bounds the gradient of D, such as
/// ``GradientPenalty``. Means over the batch.
public struct WassersteinLoss: SeparableLoss {
    public static let kind = "wasserstein"
    public static var defaults: WassersteinLoss? { WassersteinLoss() }

    /// The loss.
    public init() {}

    /// True.
    public var isRelative: Bool { true }

    /// It is 1 over the batch size.
    public var fakeDerivativeIsNonzero: Bool { true }

    public func real(_ logits: Tensor) -> Tensor { -logits.mean() }
    public func fake(_ logits: Tensor) -> Tensor { logits.mean() }
    public func generator(_ logits: Tensor) -> Tensor { -logits.mean() }
}

extension AdversarialLoss where Self == WassersteinLoss {
    /// ``WassersteinLoss``
    public static var wasserstein: WassersteinLoss { WassersteinLoss() }
}
