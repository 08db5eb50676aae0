/// Updates of D on batches of real images and fakes, then one of G through the updated D on new noise. D minimises half
/// of its loss, which is the mean over the whole batch, and of its penalties.
public struct ConcatenatedStep: TrainingStep {
    public static let kind = "concatenated"
    public static var defaults: ConcatenatedStep? { ConcatenatedStep() }

    /// Whether D's fakes are generated in inference mode, as by Keras's `predict`.
    public var fakesInInference: Bool
    /// Updates of D in a step, each on a new batch of real images.
    public var discriminatorUpdates: Int

    /// A step with `discriminatorUpdates` updates of D and one of G.
    public init(fakesInInference: Bool = true, discriminatorUpdates: Int = 1) {
        self.fakesInInference = fakesInInference
        self.discriminatorUpdates = discriminatorUpdates
    }

    public func fault(for gan: GAN) -> String? {
        if gan.discriminator.layers.contains(where: { $0 is MinibatchStdDev }) {
            return
                "the step \"concatenated\" shows D real images and fakes in one batch, and minibatch standard deviation "
                + "would mix them: take the step \"alternating\" or \"simultaneous\""
        }
        return (1...100).contains(discriminatorUpdates)
            ? nil : "discriminator_updates is from 1 to 100, and not \(discriminatorUpdates)"
    }

    public func build(_ step: StepBuilder) {
        let last = discriminatorUpdates - 1
        for turn in 0...last {
            step.updateDiscriminator(
                fakesInInference ? .inference : .training, turn: turn, reports: turn == last)
        }
        step.updateGenerator(turn: last)
    }
}

extension StepBuilder {
    /// Updates D on a batch of real images and as many fakes.
    ///
    /// - Parameters:
    ///   - mode: of the generator.
    ///   - turn: the number of the batch in this step.
    ///   - reports: whether its loss and accuracies are reported.
    public func updateDiscriminator(_ mode: Mode, turn: Int, reports: Bool) {
        let pass = turn == 0 ? "discriminator" : "discriminator.\(turn)"
        let real = realImages(turn)
        let fakes = generate(mode, pass: pass, turn: turn)
        let logits = discriminate(concatenate([real, fakes], axis: 0), pass: pass, turn: turn)
        let half = logits.shape[0] / 2
        let onReal = logits.slice(axis: 0, 0..<half)
        let onFake = logits.slice(axis: 0, half..<2 * half)

        let loss = gan.loss.discriminator(real: onReal, fake: onFake) * 0.5
        let penalties = penalties(real: real, fake: fakes, turn: turn)
        // Half of the whole, so that a weight means the same in every step.
        minimize(penalties.map { loss + $0 * 0.5 } ?? loss, of: .discriminator, pass: pass)
        if reports { report(discriminator: loss, real: onReal, fake: onFake) }
    }
}
