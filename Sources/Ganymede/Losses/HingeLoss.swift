/// The discriminator minimises max(0, 1 - D(x)) + max(0, 1 + D(G(z))), the generator -D(G(z)) (Lim and Ye, "Geometric
/// GAN", 2017; Miyato et al., "Spectral normalization for generative adversarial networks", 2018). Means over the batch.
public struct HingeLoss: SeparableLoss {
    public static let kind = "hinge"
    public static var defaults: HingeLoss? { HingeLoss() }

    /// The loss.
    public init() {}

    public func real(_ logits: Tensor) -> Tensor { (1 - logits).relu().mean() }
    public func fake(_ logits: Tensor) -> Tensor { (logits + 1).relu().mean() }
    public func generator(_ logits: Tensor) -> Tensor { -logits.mean() }
}

extension AdversarialLoss where Self == HingeLoss {
    /// ``HingeLoss``
    public static var hinge: HingeLoss { HingeLoss() }
}
