import Ganymede

// A custom layer, loss, optimizer and training step. Each is a value with a kind and Codable fields. config.json and
// checkpoints store both, and a registry finds the type by its kind.

/// x sigmoid(x) (Ramachandran et al., "Searching for activation functions", 2017).
struct Swish: Layer {
    static let kind = "swish"
    var mixesSamples: Bool { false }

    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor { x * x.sigmoid() }
}

/// Squared errors in place of cross-entropies (Mao et al., "Least squares generative adversarial networks", 2017).
struct LeastSquares: SeparableLoss {
    static let kind = "my-least-squares"
    var target = 1.0

    func real(_ logits: Tensor) -> Tensor { (logits - target).squared().mean() }
    func fake(_ logits: Tensor) -> Tensor { logits.squared().mean() }
    func generator(_ logits: Tensor) -> Tensor { (logits - target).squared().mean() }
}

/// Lion: updates of constant size, in the direction of the sign of a moving average (Chen et al., "Symbolic discovery
/// of optimization algorithms", 2023).
struct Lion: Optimizer {
    static let kind = "lion"
    static let defaults: Lion? = Lion()
    var learningRate: Schedule = 1e-4
    var beta1 = 0.9
    var beta2 = 0.99

    var slots: [String] { ["m"] }
    var scalars: [String] { ["learning_rate"] }
    var fault: String? { learningRate.from > 0 ? nil : "learning_rate of lion is above 0" }

    func scalarValue(_ index: Int, update t: Int, step: Int) -> Double { learningRate[step] }

    func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor]) {
        let direction = (slots[0] * beta1 + gradient * (1 - beta1)).sign()
        return (weight - scalars[0] * direction, [slots[0] * beta2 + gradient * (1 - beta2)])
    }
}

/// Several updates of the discriminator on new batches, then one of the generator, and an average of its weights.
struct SeveralCriticSteps: TrainingStep {
    static let kind = "several-critic-steps"
    var criticSteps = 2

    func build(_ step: StepBuilder) {
        for turn in 0..<criticSteps {
            let real = step.discriminate(step.realImages(turn))
            let fake = step.discriminate(step.generate(.inference))
            let loss = step.gan.loss.discriminator(real: real, fake: fake)
            step.minimize(loss, of: .discriminator)
            if turn == criticSteps - 1 {
                step.report(discriminator: loss, real: real, fake: fake)
                step.report("margin", real.mean() - fake.mean())
            }
        }
        step.updateGenerator()
        step.average(.generator) { finished in min(0.99, Double(finished) / 10) }
    }
}

extension Tensor {
    func squared() -> Tensor { self * self }
}
