/// What discriminator and generator minimise, as scalars made of logits [batch, 1].
///
/// To add one, write a file like `NonSaturatingLoss.swift` and its line in ``Losses/all``: see
/// `docs/adding-a-loss.md`. A loss that looks at each side by itself is a ``SeparableLoss``.
public protocol AdversarialLoss: Registrable {
    /// What the discriminator minimises, of its logits of real images and of fakes.
    func discriminator(real: Tensor, fake: Tensor) -> Tensor

    /// What the generator minimises, of the discriminator's logits of its images, and of real ones.
    func generator(fake: Tensor, real: Tensor) -> Tensor

    /// Whether the derivative of the discriminator's loss by a fake's logit is nowhere 0. Then the simultaneous step can
    /// make one backward pass through the discriminator for both losses: see ``SimultaneousStep``.
    var fakeDerivativeIsNonzero: Bool { get }

    /// Which of its fields is out of range; or nil.
    var fault: String? { get }
}

extension AdversarialLoss {
    public static var family: KindFamily { Losses.family }

    /// False: two backward passes, which is always right.
    public var fakeDerivativeIsNonzero: Bool { false }

    /// Nothing is out of range.
    public var fault: String? { nil }
}

/// A loss with one term for real images, one for fakes, and a generator's term that sees its own images alone.
public protocol SeparableLoss: AdversarialLoss {
    /// The discriminator's term of its logits of real images.
    func real(_ logits: Tensor) -> Tensor
    /// The discriminator's term of its logits of fakes.
    func fake(_ logits: Tensor) -> Tensor
    /// The generator's loss, of the discriminator's logits of its images.
    func generator(_ logits: Tensor) -> Tensor
}

extension SeparableLoss {
    /// The sum of both terms.
    public func discriminator(real: Tensor, fake: Tensor) -> Tensor {
        let realTerm = self.real(real)
        return realTerm + self.fake(fake)
    }

    /// ``generator(_:)``
    public func generator(fake: Tensor, real: Tensor) -> Tensor { generator(fake) }
}

/// Every loss by its kind.
public enum Losses {
    /// The losses of the library.
    public static let all: [any AdversarialLoss.Type] = [
        NonSaturatingLoss.self, MinimaxLoss.self, RelativisticLoss.self,
    ]

    /// The losses, for a ``Registry``.
    public static let family = KindFamily("loss", all)
}
