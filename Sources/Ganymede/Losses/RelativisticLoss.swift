/// Compares real and fake logits in pairs: the discriminator minimises softplus(f - r), the generator softplus(r - f),
/// where r and f are the logits of the i-th real image and the i-th fake (Jolicoeur-Martineau, "The relativistic
/// discriminator", 2019; as in R3GAN, Huang et al., 2024). Means over the batch.
public struct RelativisticLoss: AdversarialLoss {
    public static let kind = "relativistic"
    public static var defaults: RelativisticLoss? { RelativisticLoss() }

    /// The loss.
    public init() {}

    /// True.
    public var isRelative: Bool { true }

    public var fakeDerivativeIsNonzero: Bool { true }

    public func discriminator(real: Tensor, fake: Tensor) -> Tensor {
        (fake - real).softplus().mean()
    }
    public func generator(fake: Tensor, real: Tensor) -> Tensor { (real - fake).softplus().mean() }
}

extension AdversarialLoss where Self == RelativisticLoss {
    /// ``RelativisticLoss``
    public static var relativistic: RelativisticLoss { RelativisticLoss() }
}
