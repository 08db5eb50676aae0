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
        update(player, playerGradients(of: [Cotangent(of: loss)], player, pass: pass))
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
    func playerGradients(of sources: [Cotangent], _ player: Player, pass: String) -> [(
        Variable, Tensor
    )] {
        let trained = variables.declared.filter {
            $0.trainable && $0.name.hasPrefix("\(network(player).name).")
        }
        let found = gradients(
            of: sources.map(\.tensor), from: sources.map(\.value),
            withRespectTo: trained.map(variables.value))
        for (variable, gradient) in zip(trained, found) where reportsGradients {
            builder.result("gradient.\(pass).\(variable.name)", gradient)
        }
        return Array(zip(trained, found))
    }

    /// One update of a side's variables by its optimizer.
    func update(_ player: Player, _ gradients: [(Variable, Tensor)]) {
        let name = network(player).name
        let optimizer =
            player == .generator ? gan.generatorOptimizer : gan.discriminatorOptimizer
        let scalars = scalarFeeds(name, optimizer)
        for (variable, gradient) in gradients {
            builder.scoped("update(\(variable.name))") {
                update(variable, gradient, name, optimizer.value, scalars)
            }
        }
    }

    /// Hands out D's loss, and the shares of real images and of fakes that it classified correctly.
    func report(dLoss: Tensor, _ onReal: Tensor, _ onFake: Tensor) {
        builder.result("d_loss", dLoss)
        builder.result("d_acc_real", shareTakenForReal(onReal))
        builder.result("d_acc_fake", 1 - shareTakenForReal(onFake))
    }

    /// Hands out G's loss, and the share of its images that D classified as real.
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
