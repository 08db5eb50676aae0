/// How a penalty finds the norm of the discriminator's gradient with respect to its images.
///
/// Finite differences need one forward and backward pass more per image, and no second derivatives. They are for
/// discriminators without layers that mix samples.
public enum GradientMethod: String, Codable, Sendable, CaseIterable {
    /// By second derivatives of the graph.
    case exact
    /// By the difference of logits along the gradient, which is held fixed: with v = grad D(x), the gradient of
    /// |grad D(x)|^2 / 2 with respect to the weights is the derivative of grad_w D(x + h v) by h at 0.
    case directional
    /// By the difference of logits along a random direction: E[(e . grad D(x))^2] = |grad D(x)|^2 for standard normal e.
    case random
}

/// Images at which a penalty looks, and the discriminator there.
struct GradientProbe {
    /// From images to logits [batch, 1].
    let discriminate: (Tensor) -> Tensor
    /// Images [batch, ...].
    let images: Tensor
    /// The root mean square of a perturbation per value of an image. Near 1 a step of bfloat16 is 0.004; it has to be
    /// large against that.
    let sigma: Double

    /// |grad D(x)|^2 / 2 of each image, [batch].
    func halfSquaredNorms(
        _ method: GradientMethod, random: (Distribution, Shape) -> Tensor
    ) -> Tensor {
        switch method {
        case .exact: return gradient().squaredNorms() * 0.5
        case .directional:
            let (norms, rise) = rise(along: gradient())
            // Its value is that of the norm; its gradient is that of the difference quotient.
            let change = norms * (rise - rise.stopGradient())
            return norms * norms * 0.5 + change
        case .random:
            let change = difference(random(.normal, images.shape) * sigma)
            return change * change * (1 / (2 * sigma * sigma))
        }
    }

    /// |grad D(x)| of each image, [batch].
    func norms(_ method: GradientMethod) -> Tensor {
        switch method {
        case .exact, .random:
            // The derivative of the square root is infinite at 0.
            return (gradient().squaredNorms() + 1e-12).sqrt()
        case .directional:
            let (norms, rise) = rise(along: gradient())
            return norms + (rise - rise.stopGradient())
        }
    }

    private func gradient() -> Tensor {
        gradients(of: discriminate(images), withRespectTo: [images])[0]
    }

    /// The norm of the gradient, without a gradient of its own, and (D(x + h v) - D(x)) / h for the unit vector v along
    /// it: both [batch].
    private func rise(along gradient: Tensor) -> (norms: Tensor, rise: Tensor) {
        let count = images.shape.count / images.shape[0]
        let norms = (gradient.squaredNorms() + 1e-12).sqrt().stopGradient()
        let length = sigma * Double(count).squareRoot()
        let ones = images.shape.dimensions.dropFirst().map { _ in 1 }
        let scale = (length / norms).reshape(Shape([images.shape[0]] + ones))
        return (norms, difference(gradient.stopGradient() * scale) * (1 / length))
    }

    /// D(x + change) - D(x), [batch].
    private func difference(_ change: Tensor) -> Tensor {
        let difference = discriminate(images + change) - discriminate(images)
        return difference.reshape([images.shape[0]])
    }
}
