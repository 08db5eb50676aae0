/// One step of training as one graph: forward passes, both losses, gradients, updates and noise.
public struct TrainStep: Sendable {
    /// What to compile.
    public let graph: Graph
    /// Every variable of the run, optimizer slots included.
    public let variables: [Variable]
    /// Scalars that the host computes for each step.
    package let hostScalars: [HostScalar]

    /// The step of `gan` on batches of `batch` real images.
    public init(_ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness = .philox) {
        self.init(StepBuilder(gan, batch: batch, randomness: randomness))
    }

    /// The step that also hands out every gradient, as `gradient.PASS.VARIABLE`.
    ///
    /// - Parameter sharesBackward: see ``StepBuilder/sharesBackward``.
    package init(
        reportingGradientsOf gan: GAN, batch: Int, randomness: GraphBuilder.Randomness,
        sharesBackward: Bool = true
    ) {
        let step = StepBuilder(gan, batch: batch, randomness: randomness)
        step.reportsGradients = true
        step.sharesBackward = step.sharesBackward && sharesBackward
        self.init(step)
    }

    private init(_ step: StepBuilder) {
        switch (step.gan.schedule, step.gan.discriminatorBatch) {
        case (.alternating, .separate): step.alternatingSeparate()
        case (.alternating, .concatenated): step.alternatingConcatenated()
        case (.simultaneous, _): step.simultaneous()
        }
        graph = step.builder.graph
        variables = step.variables.declared
        hostScalars = step.hostScalars
    }
}

extension StepBuilder {
    /// D on real, D on fake at the updated weights, then G: the mean of D's two losses is reported.
    fileprivate func alternatingSeparate() {
        let fakes = discriminatorFakes()

        let onReal = discriminate(realImages(), pass: "real")
        let realLoss = gan.loss.real(onReal, labelSmoothing: gan.labelSmoothing)
        minimize(realLoss, .discriminator, pass: "real")

        let onFake = discriminate(fakes, pass: "fake")
        let fakeLoss = gan.loss.fake(onFake)
        minimize(fakeLoss, .discriminator, pass: "fake")

        report(dLoss: (realLoss + fakeLoss) * 0.5, onReal, onFake)
        updateGeneratorOnNewNoise()
    }

    /// D on one batch of real images and fakes, whose mean loss it minimises, then G.
    fileprivate func alternatingConcatenated() {
        let images = concatenate([realImages(), discriminatorFakes()], axis: 0)
        let logits = discriminate(images, pass: "discriminator")
        let onReal = logits.slice(axis: 0, 0..<batch)
        let onFake = logits.slice(axis: 0, batch..<2 * batch)
        let realLoss = gan.loss.real(onReal, labelSmoothing: gan.labelSmoothing)
        let loss = (realLoss + gan.loss.fake(onFake)) * 0.5
        minimize(loss, .discriminator, pass: "discriminator")

        report(dLoss: loss, onReal, onFake)
        updateGeneratorOnNewNoise()
    }

    /// Both losses from one forward pass, both gradients at the old weights. D minimises the sum of its two.
    fileprivate func simultaneous() {
        let images = generate(mode: .training, pass: "generator")
        let onReal = discriminate(realImages(), pass: "real")
        let onFake = discriminate(images, pass: "fake")
        let realLoss = gan.loss.real(onReal, labelSmoothing: gan.labelSmoothing)
        let fakeLoss = gan.loss.fake(onFake)
        let gLoss = gan.loss.generator(onFake)

        let sources: (discriminator: [Cotangent], generator: [Cotangent])
        if sharesBackward {
            sources = sharedCotangents(images, onFake, fakeLoss, gLoss)
        } else {
            sources = ([Cotangent(of: fakeLoss)], [Cotangent(of: gLoss)])
        }
        let dGradients = playerGradients(
            of: [Cotangent(of: realLoss)] + sources.discriminator, .discriminator,
            pass: "discriminator")
        let gGradients = playerGradients(of: sources.generator, .generator, pass: "generator")
        update(.discriminator, dGradients)
        update(.generator, gGradients)

        report(dLoss: realLoss + fakeLoss, onReal, onFake)
        report(gLoss: gLoss, onFake)
    }

    /// One way back through D for both losses on fakes. A logit is one number for each sample, and samples do not
    /// mix: what a logit's derivative makes of the images is the derivative times what 1 makes of them. So D's own way
    /// back, from d(D's loss)/d(logit), is G's too, times the quotient of the two derivatives.
    ///
    /// Where D's derivative is next to nothing it is taken for 2^-60, which changes no weight and keeps the quotient
    /// finite.
    private func sharedCotangents(
        _ images: Tensor, _ logits: Tensor, _ dLoss: Tensor, _ gLoss: Tensor
    ) -> (discriminator: [Cotangent], generator: [Cotangent]) {
        let own = gradients(of: dLoss, withRespectTo: [logits])[0]
        let wanted = gradients(of: gLoss, withRespectTo: [logits])[0]
        let tiny = builder.constant(0x1p-60).broadcast(to: own.shape)
        let seed = select(tiny .> own.absolute(), tiny, own)
        let back = Cotangent(tensor: logits, value: seed)
        let onImages = gradients(
            of: [back.tensor], from: [back.value], withRespectTo: [images])[0]
        let quotient = (wanted / seed)
            .reshape(Shape([batch] + gan.image.map { _ in 1 })).stopGradient()
        return ([back], [Cotangent(tensor: images, value: onImages * quotient)])
    }

    private func discriminatorFakes() -> Tensor {
        generate(mode: gan.fakesInInference ? .inference : .training, pass: "discriminator")
    }

    /// G on new noise through D, which stays as it is.
    private func updateGeneratorOnNewNoise() {
        let images = generate(mode: .training, pass: "generator")
        let judged = discriminate(images, pass: "generator", frozen: true)
        let loss = gan.loss.generator(judged)
        minimize(loss, .generator, pass: "generator")
        report(gLoss: loss, judged)
    }
}
