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
    package init(reportingGradientsOf gan: GAN, batch: Int, randomness: GraphBuilder.Randomness) {
        let step = StepBuilder(gan, batch: batch, randomness: randomness)
        step.reportsGradients = true
        self.init(step)
    }

    private init(_ step: StepBuilder) {
        switch step.gan.schedule {
        case .alternating: step.alternating()
        }
        graph = step.builder.graph
        variables = step.variables.declared
        hostScalars = step.hostScalars
    }
}

extension StepBuilder {
    /// D on real, D on fake at the updated weights, G on new noise through D, which stays as it is.
    fileprivate func alternating() {
        let fakes = generate(mode: .inference, pass: "discriminator")

        let onReal = discriminate(realImages(), pass: "real")
        let realLoss = gan.loss.real(onReal, labelSmoothing: gan.labelSmoothing)
        minimize(realLoss, gan.discriminator, gan.discriminatorOptimizer, pass: "real")

        let onFake = discriminate(fakes, pass: "fake")
        let fakeLoss = gan.loss.fake(onFake)
        minimize(fakeLoss, gan.discriminator, gan.discriminatorOptimizer, pass: "fake")

        let images = generate(mode: .training, pass: "generator")
        let judged = discriminate(images, pass: "generator", frozen: true)
        let generatorLoss = gan.loss.generator(judged)
        minimize(generatorLoss, gan.generator, gan.generatorOptimizer, pass: "generator")

        builder.result("d_loss", (realLoss + fakeLoss) * 0.5)
        builder.result("g_loss", generatorLoss)
        builder.result("d_acc_real", shareTakenForReal(onReal))
        builder.result("d_acc_fake", 1 - shareTakenForReal(onFake))
        builder.result("g_acc", shareTakenForReal(judged))
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
        optimizer.value.scalarValues(update: step * updatesPerStep + turn + 1)[index]
    }
}

/// The moves that schedules are made of.
final class StepBuilder {
    let gan: GAN
    let builder: GraphBuilder
    let variables: Variables
    private(set) var hostScalars: [HostScalar] = []
    var reportsGradients = false
    private let batch: Int
    private var turns: [String: Int] = [:]

    init(_ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness) {
        self.gan = gan
        self.batch = batch
        builder = GraphBuilder(randomness: randomness)
        variables = Variables(builder)
    }

    /// The batch that the loader fills.
    func realImages() -> Tensor { builder.feed("real", TensorType(Shape([batch] + gan.image))) }

    /// Images from new noise. `pass` names the noise and the dropout masks.
    func generate(mode: Mode, pass: String) -> Tensor {
        let shape = Shape([batch] + gan.generator.input)
        let noise = builder.random(.normal, shape, stream: "noise/\(pass)")
        return gan.generator(noise, variables, mode: mode, pass: pass)
    }

    /// Logits [batch, 1].
    func discriminate(_ images: Tensor, pass: String, frozen: Bool = false) -> Tensor {
        gan.discriminator(images, variables, mode: .training, pass: pass, frozen: frozen)
    }

    /// Moves the trainable variables of `network`, and no others, down the gradient of `loss`.
    func minimize(_ loss: Tensor, _ network: Sequential, _ optimizer: AnyOptimizer, pass: String) {
        let scalars = scalarFeeds(network.name, optimizer)
        let trained = variables.declared.filter {
            $0.trainable && $0.name.hasPrefix("\(network.name).")
        }
        let slopes = gradients(of: loss, withRespectTo: trained.map(variables.value))
        for (variable, gradient) in zip(trained, slopes) {
            if reportsGradients { builder.result("gradient.\(pass).\(variable.name)", gradient) }
            builder.scoped("update(\(variable.name))") {
                update(variable, gradient, network.name, optimizer.value, scalars)
            }
        }
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
    func shareTakenForReal(_ logits: Tensor) -> Tensor { (logits .> 0).cast(.float32).mean() }
}
