/// The losses of discriminator and generator: scalars, computed from logits [batch, 1].
///
/// To add one, write a file like `NonSaturatingLoss.swift` and its line in ``Losses/all``: see `docs/adding-a-loss.md`.
/// A loss whose terms use real or fake logits alone is a ``SeparableLoss``.
public protocol AdversarialLoss: Registrable {
    /// The discriminator's loss, given its logits of real images and of fakes.
    func discriminator(real: Tensor, fake: Tensor) -> Tensor

    /// The generator's loss, given the discriminator's logits of its images and of real ones.
    func generator(fake: Tensor, real: Tensor) -> Tensor

    /// Whether dL_D/d(fake logit) is nonzero everywhere. Then the simultaneous step can use one backward pass through
    /// the discriminator for both losses: see ``SimultaneousStep``.
    var fakeDerivativeIsNonzero: Bool { get }

    /// The logit above which an image counts as classified as real, for reported accuracies.
    var realThreshold: Double { get }

    /// Whether only differences between logits mean something, so that no logit by itself says that an image is real.
    var isRelative: Bool { get }

    /// Describes a field that is out of range; nil if there is none.
    var fault: String? { get }
}

extension AdversarialLoss {
    public static var family: KindFamily { Losses.family }

    /// False: two backward passes, which is correct for every loss.
    public var fakeDerivativeIsNonzero: Bool { false }

    /// 0, which is a probability of 0.5.
    public var realThreshold: Double { 0 }

    /// False.
    public var isRelative: Bool { false }

    /// Nil.
    public var fault: String? { nil }
}

/// A loss with separate terms for real and fake logits, whose generator term uses fake logits alone.
public protocol SeparableLoss: AdversarialLoss {
    /// The discriminator's loss on its logits of real images.
    func real(_ logits: Tensor) -> Tensor
    /// The discriminator's loss on its logits of fakes.
    func fake(_ logits: Tensor) -> Tensor
    /// The generator's loss on the discriminator's logits of its images.
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
        NonSaturatingLoss.self, MinimaxLoss.self, LeastSquaresLoss.self, HingeLoss.self,
        WassersteinLoss.self, RelativisticLoss.self,
    ]

    /// The losses, for a ``Registry``.
    public static let family = KindFamily("loss", all)
}
