/// A term of the discriminator's loss that keeps its function smooth.
///
/// To add one, write a file like `R1.swift` and its line in ``Regularizers/all``: see
/// `docs/adding-a-regularizer.md`.
public protocol Regularizer: Registrable {
    /// The factor of the penalty in the discriminator's loss.
    var weight: Schedule { get set }

    /// The penalty without its weight, a scalar: mean over the batch.
    ///
    /// - Parameters:
    ///   - discriminate: the discriminator, from images [batch, ...] to logits [batch, 1]. Penalties on the gradient of
    ///     each image need one whose layers do not mix samples: see ``needsSeparateSamples``.
    ///   - real: real images, [batch, ...].
    ///   - fake: the generator's images, of the same shape, with their gradient stopped.
    ///   - random: new random values of a distribution and shape, independent of the rest of the step.
    func penalty(
        _ discriminate: @escaping (Tensor) -> Tensor, real: Tensor, fake: Tensor,
        random: (Distribution, Shape) -> Tensor
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

    /// This penalty for a run that is `factor` times as long.
    func stretched(by factor: Double) -> Self {
        var copy = self
        copy.weight = weight.stretched(by: factor)
        return copy
    }

    fileprivate func weightFault() -> String? {
        weight.fault("weight of \(Self.kind)", 0..<Double.infinity)
    }
}

/// Every regularizer by its kind.
public enum Regularizers {
    /// The regularizers of the library.
    public static let all: [any Regularizer.Type] = [
        R1.self, R2.self, GradientPenalty.self, DRAGAN.self,
    ]

    /// The regularizers, for a ``Registry``.
    public static let family = KindFamily("regularizer", all)
}

/// A penalty on the norm of the discriminator's gradient with respect to images.
public protocol ImageGradientPenalty: Regularizer {
    /// How the norm is found.
    var method: GradientMethod { get set }
    /// For finite differences: the root mean square of the perturbation per value of an image. Near 1 a step of
    /// bfloat16 is 0.004, and it has to be large against that.
    var sigma: Double { get set }
}

extension ImageGradientPenalty {
    fileprivate func sigmaFault() -> String? {
        sigma > 0 && sigma <= 1
            ? nil : "sigma of \(Self.kind) is above 0 and at most 1, and not \(sigma)"
    }

    fileprivate func probe(_ images: Tensor, _ discriminate: @escaping (Tensor) -> Tensor)
        -> GradientProbe
    {
        GradientProbe(discriminate: discriminate, images: images, sigma: sigma)
    }
}

/// E[|grad D(x)|^2] / 2.
public protocol GradientNormPenalty: ImageGradientPenalty {}

extension GradientNormPenalty {
    public var fault: String? { weightFault() ?? sigmaFault() }

    func penalty(
        at images: Tensor, _ discriminate: @escaping (Tensor) -> Tensor,
        random: (Distribution, Shape) -> Tensor
    ) -> Tensor {
        probe(images, discriminate).halfSquaredNorms(method, random: random).mean()
    }
}

/// E[(|grad D(y)| - 1)^2].
public protocol UnitGradientPenalty: ImageGradientPenalty {}

extension UnitGradientPenalty {
    public var fault: String? {
        if method == .random {
            return
                "\(Self.kind) needs the norm of the gradient, and a random direction gives its square alone: take the "
                + "method exact or directional"
        }
        return weightFault() ?? sigmaFault()
    }

    func penalty(at images: Tensor, _ discriminate: @escaping (Tensor) -> Tensor) -> Tensor {
        let norms = probe(images, discriminate).norms(method)
        return ((norms - 1) * (norms - 1)).mean()
    }
}

extension Tensor {
    /// For each sample, the sum of the squares of its elements: [batch].
    func squaredNorms() -> Tensor { (self * self).sum(axes: Array(1..<shape.rank)) }
}
