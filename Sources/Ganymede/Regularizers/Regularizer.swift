/// A term of the discriminator's loss that keeps its function smooth.
///
/// To add one, write a file like `R1.swift` and its line in ``Regularizers/all``: see
/// `docs/adding-a-regularizer.md`.
public protocol Regularizer: Registrable {
    /// The penalty, a scalar: weight included, mean over the batch.
    ///
    /// - Parameters:
    ///   - discriminate: the discriminator, from images [batch, ...] to logits [batch, 1]. Penalties on the gradient of
    ///     each image need one whose layers do not mix samples: see ``needsSeparateSamples``.
    ///   - real: real images, [batch, ...].
    ///   - fake: the generator's images, of the same shape, with their gradient stopped.
    ///   - random: uniform random values on [0, 1) of the given shape, independent of the rest of the step.
    func penalty(
        _ discriminate: (Tensor) -> Tensor, real: Tensor, fake: Tensor,
        random: (Shape) -> Tensor
    ) -> Tensor

    /// Whether it needs the gradient of each logit with respect to its own image alone. Then a discriminator that mixes
    /// samples, as batch normalization does, is refused.
    var needsSeparateSamples: Bool { get }

    /// Describes a field that is out of range; nil if there is none.
    var fault: String? { get }
}

extension Regularizer {
    public static var family: KindFamily { Regularizers.family }
    /// True, as for every penalty on the discriminator's gradient with respect to images.
    public var needsSeparateSamples: Bool { true }
    /// Nil.
    public var fault: String? { nil }
}

/// Every regularizer by its kind.
public enum Regularizers {
    /// The regularizers of the library.
    public static let all: [any Regularizer.Type] = [R1.self, GradientPenalty.self]

    /// The regularizers, for a ``Registry``.
    public static let family = KindFamily("regularizer", all)
}

extension Tensor {
    /// For each sample, the sum of the squares of its elements: [batch].
    func squaredNorms() -> Tensor { (self * self).sum(axes: Array(1..<shape.rank)) }
}
