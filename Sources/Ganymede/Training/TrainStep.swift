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
        let dGradients = slopes(
            [Cotangent(of: realLoss)] + sources.discriminator, .discriminator,
            pass: "discriminator")
        let gGradients = slopes(sources.generator, .generator, pass: "generator")
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

/// A scalar feed that depends on the number of the update.
package struct HostScalar: Sendable {
    package let feed: String
    let optimizer: AnyOptimizer
    let index: Int
    let network: String
    /// Which of the network's updates in a step, from 0.
    let turn: Int
    /// How many updates the network gets in a step.
    var updatesPerStep: Int

    /// The value for the step that follows `step` finished ones.
    func value(step: Int) -> Float { Float(exactValue(step: step)) }

    package func exactValue(step: Int) -> Double {
        optimizer.value.scalarValue(index, update: step * updatesPerStep + turn + 1)
    }
}

/// The moves that schedules are made of.
final class StepBuilder {
    let gan: GAN
    let builder: GraphBuilder
    let variables: Variables
    private(set) var hostScalars: [HostScalar] = []
    var reportsGradients = false
    /// Whether the simultaneous schedule goes back through D once for both losses on fakes. Exact where D treats each
    /// sample by itself.
    var sharesBackward: Bool
    let batch: Int
    private var turns: [String: Int] = [:]

    init(_ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness) {
        self.gan = gan
        self.batch = batch
        sharesBackward = !gan.discriminator.layers.contains { $0.mixesSamples }
        builder = GraphBuilder(randomness: randomness)
        variables = Variables(builder)
    }

    /// The batch that the loader fills.
    func realImages() -> Tensor { builder.feed("real", TensorType(Shape([batch] + gan.image))) }

    /// Images from new noise. `pass` names the noise and the dropout masks.
    func generate(mode: Mode, pass: String) -> Tensor {
        let shape = Shape([batch] + gan.generator.input)
        let noise = builder.random(gan.noise.distribution, shape, stream: "noise/\(pass)")
        return gan.generator(noise, variables, mode: mode, pass: pass)
    }

    /// Logits [batch, 1].
    func discriminate(_ images: Tensor, pass: String, frozen: Bool = false) -> Tensor {
        gan.discriminator(images, variables, mode: .training, pass: pass, frozen: frozen)
    }

    /// One of the two sides.
    enum Player { case generator, discriminator }

    private func network(_ player: Player) -> Sequential {
        player == .generator ? gan.generator : gan.discriminator
    }

    /// Moves the trainable variables of a side, and no others, down the gradient of `loss`.
    func minimize(_ loss: Tensor, _ player: Player, pass: String) {
        update(player, slopes([Cotangent(of: loss)], player, pass: pass))
    }

    /// Where a way back begins: a tensor, and the derivative of what is minimised by it.
    struct Cotangent {
        let tensor: Tensor
        let value: Tensor

        init(tensor: Tensor, value: Tensor) {
            self.tensor = tensor
            self.value = value
        }

        /// From a loss itself.
        init(of loss: Tensor) {
            self.init(tensor: loss, value: loss.builder.constant(1).broadcast(to: loss.shape))
        }
    }

    /// The gradient of what `sources` stand for by each trainable variable of a side.
    func slopes(_ sources: [Cotangent], _ player: Player, pass: String) -> [(Variable, Tensor)] {
        let trained = variables.declared.filter {
            $0.trainable && $0.name.hasPrefix("\(network(player).name).")
        }
        let slopes = gradients(
            of: sources.map(\.tensor), from: sources.map(\.value),
            withRespectTo: trained.map(variables.value))
        for (variable, gradient) in zip(trained, slopes) where reportsGradients {
            builder.result("gradient.\(pass).\(variable.name)", gradient)
        }
        return Array(zip(trained, slopes))
    }

    /// One update of a side's variables by its optimizer.
    func update(_ player: Player, _ slopes: [(Variable, Tensor)]) {
        let name = network(player).name
        let optimizer =
            player == .generator ? gan.generatorOptimizer : gan.discriminatorOptimizer
        let scalars = scalarFeeds(name, optimizer)
        for (variable, gradient) in slopes {
            builder.scoped("update(\(variable.name))") {
                update(variable, gradient, name, optimizer.value, scalars)
            }
        }
    }

    /// Hands out D's loss, and the shares of real images and of fakes that it told right.
    func report(dLoss: Tensor, _ onReal: Tensor, _ onFake: Tensor) {
        builder.result("d_loss", dLoss)
        builder.result("d_acc_real", shareTakenForReal(onReal))
        builder.result("d_acc_fake", 1 - shareTakenForReal(onFake))
    }

    /// Hands out G's loss, and the share of its images that D took for real.
    func report(gLoss: Tensor, _ judged: Tensor) {
        builder.result("g_loss", gLoss)
        builder.result("g_acc", shareTakenForReal(judged))
    }

    private func update(
        _ variable: Variable, _ gradient: Tensor, _ network: String, _ optimizer: any Optimizer,
        _ scalars: [Tensor]
    ) {
        let rest = variable.name.dropFirst(network.count + 1)
        let slots = optimizer.slots.map { slot in
            Variable(
                name: "\(network).\(type(of: optimizer).kind).\(slot).\(rest)",
                shape: variable.shape, initializer: .zeros, trainable: false)
        }
        let new = optimizer.apply(
            variables.value(variable), gradient, slots: slots.map(variables.value),
            scalars: scalars)
        variables.update(variable.name, to: new.weight)
        for (slot, value) in zip(slots, new.slots) { variables.update(slot.name, to: value) }
    }

    /// Feeds for the scalars of the network's next update.
    private func scalarFeeds(_ network: String, _ optimizer: AnyOptimizer) -> [Tensor] {
        let turn = turns[network, default: 0]
        turns[network] = turn + 1
        for index in hostScalars.indices where hostScalars[index].network == network {
            hostScalars[index].updatesPerStep = turn + 1
        }
        return optimizer.value.scalars.enumerated().map { index, scalar in
            let feed = "\(network).\(type(of: optimizer.value).kind).\(scalar).\(turn)"
            hostScalars.append(
                HostScalar(
                    feed: feed, optimizer: optimizer, index: index, network: network, turn: turn,
                    updatesPerStep: turn + 1))
            return builder.feed(feed, TensorType(.scalar))
        }
    }

    /// The share of logits above 0, that is of probabilities above a half.
    private func shareTakenForReal(_ logits: Tensor) -> Tensor {
        (logits .> 0).cast(.float32).mean()
    }
}
