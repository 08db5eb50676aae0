/// Three updates, like three calls of Keras's `train_on_batch`: D on real images, D on fakes at the updated weights,
/// then G through D on new noise. The reported loss of D is the mean of its two losses.
public struct AlternatingStep: TrainingStep {
    public static let kind = "alternating"
    public static var defaults: AlternatingStep? { AlternatingStep() }

    /// Whether D's fakes are generated in inference mode, as by Keras's `predict`.
    public var fakesInInference: Bool

    /// A step with two updates of D and one of G.
    public init(fakesInInference: Bool = true) { self.fakesInInference = fakesInInference }

    public func fault(for gan: GAN) -> String? {
        if gan.loss is any SeparableLoss { return nil }
        return
            "the loss \"\(type(of: gan.loss).kind)\" compares real images with fakes, and the step \"alternating\" "
            + "has them in two updates: take the step \"concatenated\" or \"simultaneous\""
    }

    public func build(_ step: StepBuilder) {
        guard let loss = step.gan.loss as? any SeparableLoss else {
            misuse(fault(for: step.gan) ?? "")
        }
        let fakes = step.generate(fakesInInference ? .inference : .training, pass: "discriminator")
        let images = step.realImages()

        let onReal = step.discriminate(images, pass: "real")
        let realLoss = loss.real(onReal)
        let penalties = step.penalties(real: images, fake: fakes)
        step.minimize(penalties.map { realLoss + $0 } ?? realLoss, of: .discriminator, pass: "real")

        let onFake = step.discriminate(fakes, pass: "fake")
        let fakeLoss = loss.fake(onFake)
        step.minimize(fakeLoss, of: .discriminator, pass: "fake")

        step.report(discriminator: (realLoss + fakeLoss) * 0.5, real: onReal, fake: onFake)
        step.updateGenerator()
    }
}

extension StepBuilder {
    /// Updates G on new noise through D, which is frozen.
    ///
    /// - Parameter turn: the batch of real images for losses that compare with them, and of classes.
    public func updateGenerator(turn: Int = 0) {
        let fake = discriminate(
            generate(pass: "generator", turn: turn), pass: "generator", frozen: true, turn: turn)
        let loss: Tensor
        if let separable = gan.loss as? any SeparableLoss {
            loss = separable.generator(fake)
        } else {
            let real = discriminate(
                realImages(turn), pass: "generator/real", frozen: true, turn: turn)
            loss = gan.loss.generator(fake: fake, real: real)
        }
        minimize(loss, of: .generator)
        report(generator: loss, fake: fake)
    }
}
