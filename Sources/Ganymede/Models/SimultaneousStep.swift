/// Both losses from one forward pass, both gradients at the old weights, then both updates.
public struct SimultaneousStep: TrainingStep {
    public static let kind = "simultaneous"
    public static var defaults: SimultaneousStep? { SimultaneousStep() }

    /// A step with one update of each network.
    public init() {}

    public func build(_ step: StepBuilder) {
        let gan = step.gan
        let images = step.generate(pass: "generator")
        let real = step.realImages()
        let onReal = step.discriminate(real, pass: "real")
        let onFake = step.discriminate(images, pass: "fake")
        // The terms of D's loss. The last one uses the fake logits, and only those if the loss is separable.
        let separable = gan.loss as? any SeparableLoss
        let terms =
            separable.map { [$0.real(onReal), $0.fake(onFake)] }
            ?? [gan.loss.discriminator(real: onReal, fake: onFake)]
        let gLoss = gan.loss.generator(fake: onFake, real: onReal)
        let penalties = step.penalties(real: real, fake: images)

        var dSources = terms.map(UpdateBuilder.Cotangent.init(of:))
        var gSources = [UpdateBuilder.Cotangent(of: gLoss)]
        if sharesBackward(gan), let fakeTerm = terms.last {
            dSources.removeLast()
            if separable == nil {
                let slope = gradients(of: fakeTerm, withRespectTo: [onReal])[0]
                dSources.append(.init(tensor: onReal, value: slope))
            }
            let shared = sharedCotangents(images, onFake, fakeTerm, gLoss)
            dSources.append(shared.logits)
            gSources = [shared.images]
        }
        if let penalties { dSources.append(.init(of: penalties)) }
        let dGradients = step.gradients(of: dSources, by: .discriminator)
        let gGradients = step.gradients(of: gSources, by: .generator)
        step.update(.discriminator, dGradients)
        step.update(.generator, gGradients)

        let dLoss = terms.dropFirst().reduce(terms[0], +)
        step.report(discriminator: dLoss, real: onReal, fake: onFake)
        step.report(generator: gLoss, fake: onFake)
    }

    /// Whether one backward pass through D on fakes serves both losses. D must not mix samples, and dL_D/d(fake logit)
    /// must be nonzero everywhere.
    private func sharesBackward(_ gan: GAN) -> Bool {
        gan.loss.fakeDerivativeIsNonzero && !gan.discriminator.layers.contains { $0.mixesSamples }
    }

    /// Cotangents for one shared backward pass through D. Each sample has one logit s and samples do not mix, so dL/dx
    /// = dL/ds ds/dx for both losses. Hence dL_G/dx = dL_D/dx (dL_G/ds) / (dL_D/ds).
    ///
    /// dL_D/ds is replaced by 2^-60 where its magnitude is smaller. That changes no weight and keeps the quotient
    /// finite.
    private func sharedCotangents(
        _ images: Tensor, _ logits: Tensor, _ dLoss: Tensor, _ gLoss: Tensor
    ) -> (logits: UpdateBuilder.Cotangent, images: UpdateBuilder.Cotangent) {
        let own = gradients(of: dLoss, withRespectTo: [logits])[0]
        let wanted = gradients(of: gLoss, withRespectTo: [logits])[0]
        let tiny = images.builder.constant(0x1p-60).broadcast(to: own.shape)
        let seed = select(tiny .> own.absolute(), tiny, own)
        let onImages = gradients(of: [logits], from: [seed], withRespectTo: [images])[0]
        // With packing, the images of a pack share a logit.
        let (packs, ones) = (logits.shape[0], images.shape.dimensions.dropFirst().map { _ in 1 })
        let quotient = (wanted / seed).reshape([packs, 1])
            .broadcast(to: [packs, images.shape[0] / packs])
            .reshape(Shape([images.shape[0]] + ones)).stopGradient()
        return (
            .init(tensor: logits, value: seed),
            .init(tensor: images, value: onImages * quotient)
        )
    }
}
