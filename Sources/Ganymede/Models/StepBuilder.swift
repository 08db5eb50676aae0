/// Builds a ``TrainingStep``: real images, noise, both networks, updates and reported values.
///
/// ```swift
/// let real = step.discriminate(step.realImages(), pass: "real")
/// let fake = step.discriminate(step.generate(.inference, pass: "fake"), pass: "fake")
/// let loss = step.gan.loss.discriminator(real: real, fake: fake)
/// step.minimize(loss, of: .discriminator)
/// step.report(discriminator: loss, real: real, fake: fake)
/// ```
public final class StepBuilder: UpdateBuilder {
    /// The networks, their loss and their optimizers.
    public let gan: GAN
    private(set) var reports = StepReports()
    private var passes = 0

    init(_ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness) {
        self.gan = gan
        super.init(batch: batch, randomness: randomness)
    }

    /// One of the two networks.
    public enum Player: Sendable { case generator, discriminator }

    // MARK: Networks

    /// Real images of the step's batch number `turn`, [batch, height, width, channels] in the range of ``GAN/pixels``;
    /// or points [batch, 2].
    public func realImages(_ turn: Int = 0) -> Tensor {
        samples(gan.discriminator.input, turn: turn)
    }

    /// New noise for the generator.
    ///
    /// - Parameter pass: names the random stream; unique in a step.
    public func noise(pass: String? = nil) -> Tensor {
        graph.random(
            gan.noise.distribution, Shape([batch] + gan.generator.input),
            stream: "noise/\(pass ?? nextPass())")
    }

    /// The generator's images of new noise.
    ///
    /// - Parameters:
    ///   - mode: whether batch normalization and dropout run in training or inference mode.
    ///   - pass: names the random streams of noise and dropout; unique in a step.
    public func generate(_ mode: Mode = .training, pass: String? = nil) -> Tensor {
        let pass = pass ?? nextPass()
        return gan.generator(noise(pass: pass), variables, mode: mode, pass: pass)
    }

    /// The discriminator's logits [batch, 1], in training mode.
    ///
    /// - Parameters:
    ///   - images: real or generated images, [batch, height, width, channels].
    ///   - pass: names the random stream of dropout; unique in a step.
    ///   - frozen: leaves the moving statistics of batch normalization unchanged, as in a pass that trains the
    ///     generator.
    public func discriminate(_ images: Tensor, pass: String? = nil, frozen: Bool = false) -> Tensor
    {
        gan.discriminator(
            images, variables, mode: .training, pass: pass ?? nextPass(), frozen: frozen)
    }

    private func nextPass() -> String {
        passes += 1
        return "pass\(passes)"
    }

    // MARK: Updates

    /// One optimizer update of one network to reduce `loss`.
    public func minimize(_ loss: Tensor, of player: Player, pass: String? = nil) {
        update(player, gradients(of: loss, by: player, pass: pass))
    }

    /// The gradients of `loss` with respect to the trainable variables of a network, of those used so far.
    public func gradients(
        of loss: Tensor, by player: Player, pass: String? = nil
    ) -> ParameterGradients {
        gradients(of: [Cotangent(of: loss)], by: player, pass: pass)
    }

    func gradients(
        of sources: [Cotangent], by player: Player, pass: String? = nil
    ) -> ParameterGradients {
        let network = network(player)
        return gradients(of: sources, by: [network], pass: pass ?? network.name)
    }

    /// One update of a network by its optimizer.
    public func update(_ player: Player, _ gradients: ParameterGradients) {
        let optimizer =
            player == .generator ? gan.generatorOptimizer : gan.discriminatorOptimizer
        update(gradients, with: optimizer, of: network(player).name)
    }

    /// The sum of the GAN's regularizers, for the discriminator's loss; nil if there are none.
    public func penalties(real: Tensor, fake: Tensor) -> Tensor? {
        var sum: Tensor?
        for regularizer in gan.regularizers {
            let term = penalize(regularizer, real: real, fake: fake)
            sum = sum.map { $0 + term } ?? term
        }
        return sum
    }

    /// The term of one regularizer, for the discriminator's loss.
    public func penalize(_ regularizer: any Regularizer, real: Tensor, fake: Tensor) -> Tensor {
        regularizer.penalty(
            { self.discriminate($0, frozen: true) }, real: real, fake: fake.stopGradient(),
            random: { self.graph.random(.uniform, $0, stream: "penalty/\(self.nextPass())") })
    }

    /// Keeps an exponential moving average of a network's weights, as they are after the updates so far.
    public func average(_ player: Player, decay: Double) {
        average(network(player), decay: graph.constant(decay))
    }

    /// The same with a decay that is a function of the finished steps.
    public func average(_ player: Player, decay: @escaping @Sendable (_ step: Int) -> Double) {
        let network = network(player)
        average(network, decay: scalar("\(network.name).ema.decay", decay))
    }

    private func network(_ player: Player) -> Sequential {
        player == .generator ? gan.generator : gan.discriminator
    }

    // MARK: Reports

    /// Reports the discriminator's loss and its accuracies on real images and on fakes.
    ///
    /// - Parameters:
    ///   - loss: a scalar.
    ///   - real: its logits of real images.
    ///   - fake: its logits of fakes.
    public func report(discriminator loss: Tensor, real: Tensor, fake: Tensor) {
        reports.dLoss = graph.result("d_loss", loss)
        reports.dAccReal = graph.result("d_acc_real", shareAboveZero(real))
        reports.dAccFake = graph.result("d_acc_fake", 1 - shareAboveZero(fake))
    }

    /// Reports the generator's loss and the fraction of its images that the discriminator classified as real.
    ///
    /// - Parameters:
    ///   - loss: a scalar.
    ///   - fake: the discriminator's logits of its images.
    public func report(generator loss: Tensor, fake: Tensor) {
        reports.gLoss = graph.result("g_loss", loss)
        reports.gAcc = graph.result("g_acc", shareAboveZero(fake))
    }

    /// Reports another scalar; the journal holds it under `name`, which must be in snake case.
    @discardableResult
    public override func report(_ name: String, _ scalar: Tensor) -> ResultHandle {
        let isPlain =
            !name.isEmpty
            && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }
        if !isPlain || StepReports.journalFields.contains(name) {
            misuse(
                "a step cannot report \"\(name)\": take a name in snake case that journals do not have already"
            )
        }
        return super.report(name, scalar)
    }

    /// The fraction of logits above 0, which are probabilities above 0.5.
    private func shareAboveZero(_ logits: Tensor) -> Tensor {
        (logits .> 0).cast(.float32).mean()
    }
}

/// Values that every step of a GAN reports.
package struct StepReports: Sendable {
    var dLoss, dAccReal, dAccFake, gLoss, gAcc: ResultHandle?

    /// Fields of `journal.jsonl` that do not depend on the step.
    package static let journalFields: Set = [
        "step", "epoch", "images", "seconds", "d_loss", "g_loss", "d_acc", "d_acc_real",
        "d_acc_fake", "g_acc", "images_per_second", "metrics", "metrics_real",
    ]
}
