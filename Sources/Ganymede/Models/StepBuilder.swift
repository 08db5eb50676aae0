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
    private(set) var seen: [SeenImages] = []
    /// The factor of the regularizers in this program; 0 for a program without them.
    let regularizerScale: Double
    /// Which networks are updated; updates of the other one are left out.
    let part: StepPart

    init(
        _ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness, regularizerScale: Double = 1,
        part: StepPart = .whole
    ) {
        self.gan = gan
        self.regularizerScale = regularizerScale
        self.part = part
        super.init(batch: batch, randomness: randomness)
    }

    /// One of the two networks.
    public enum Player: Sendable { case generator, discriminator }

    // MARK: Networks

    /// Real images of the step's batch number `turn`, [batch, height, width, channels] in the range of ``GAN/pixels``;
    /// or points [batch, 2].
    public func realImages(_ turn: Int = 0) -> Tensor {
        samples(gan.generator.output, turn: turn)
    }

    /// The classes of the batch number `turn`, a row for each sample, [batch, classes]; nil for a GAN without classes.
    /// Generated images get the classes of the real ones of their turn.
    public func classes(_ turn: Int = 0) -> Tensor? { gan.classes.map { labels(turn).oneHot($0) } }

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
    ///   - turn: the batch whose classes the images get.
    public func generate(_ mode: Mode = .training, pass: String? = nil, turn: Int = 0) -> Tensor {
        let pass = pass ?? nextPass()
        return gan.generator(
            noise(pass: pass), variables, classes: classes(turn), mode: mode, pass: pass)
    }

    /// The discriminator's logits [batch, 1], in training mode; [batch / packing, 1] with packing.
    ///
    /// - Parameters:
    ///   - images: real or generated images, [batch, height, width, channels].
    ///   - pass: names the random stream of dropout; unique in a step.
    ///   - frozen: leaves the moving statistics of batch normalization unchanged, as in a pass that trains the
    ///     generator.
    ///   - turn: the batch whose classes the images have; several batches of images have them in turn.
    public func discriminate(
        _ images: Tensor, pass: String? = nil, frozen: Bool = false, turn: Int = 0
    ) -> Tensor {
        let pass = pass ?? nextPass()
        let view = view(images, pass: pass)
        let (draws, states) = (graph.draws, graph.graph.outputs)
        let logits = logits(of: view, pass: pass, frozen: frozen, turn: turn)
        if graph.draws == draws && graph.graph.outputs == states {
            seen.append(
                SeenImages(
                    images: images.value, turn: turn, update: updateCount, view: view,
                    logits: logits))
        }
        return logits
    }

    /// The discriminator's logits of what it sees.
    func logits(of view: Tensor, pass: String, frozen: Bool, turn: Int) -> Tensor {
        let classes = classes(turn).map { own in
            let repeats = view.shape[0] / own.shape[0]
            return repeats == 1
                ? own : concatenate([Tensor](repeating: own, count: repeats), axis: 0)
        }
        return gan.discriminator(
            view, variables, classes: classes, mode: .training, pass: pass, frozen: frozen)
    }

    /// What the discriminator sees of images: augmented, noisy, packed.
    func view(_ images: Tensor, pass: String) -> Tensor {
        var view = images
        let (scale, offset) = gan.pixels.scaling
        for kind in gan.augmentation {
            var draws = 0
            view = kind.apply(view, black: Double(offset), range: Double(scale) * 255) { shape in
                draws += 1
                return graph.random(
                    .uniform, shape, stream: "augmentation/\(pass)/\(kind.rawValue)\(draws)")
            }
        }
        if gan.instanceNoise != 0 {
            let noise = graph.random(.normal, view.shape, stream: "instance-noise/\(pass)")
            view = view + scaled(noise, by: gan.instanceNoise, "instance_noise.\(pass)")
        }
        return gan.packed(view)
    }

    func nextPass() -> String {
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
        guard part.updates(player) else { return }
        let optimizer =
            player == .generator ? gan.generatorOptimizer : gan.discriminatorOptimizer
        let clipped = gan.clipNorm.map { UpdateBuilder.clip(gradients, to: $0) } ?? gradients
        update(clipped, with: optimizer, of: network(player).name)
    }

    /// `tensor` times a schedule: a constant of the program, or a scalar that the host computes for each step.
    func scaled(_ tensor: Tensor, by schedule: Schedule, _ name: String) -> Tensor {
        schedule.isConstant ? tensor * schedule.from : tensor * scalar(name) { schedule[$0] }
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

    /// Keeps the GAN's average of the generator, if it has one and the step keeps none itself.
    func averageGenerator() {
        guard let average = gan.ema, !isAveraging(gan.generator), part.updates(.generator) else {
            return
        }
        self.average(.generator) { average.decay(step: $0) }
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
        reports.dAccReal = graph.result("d_acc_real", shareReal(real))
        reports.dAccFake = graph.result("d_acc_fake", 1 - shareReal(fake))
    }

    /// Reports the generator's loss and the fraction of its images that the discriminator classified as real.
    ///
    /// - Parameters:
    ///   - loss: a scalar.
    ///   - fake: the discriminator's logits of its images.
    public func report(generator loss: Tensor, fake: Tensor) {
        reports.gLoss = graph.result("g_loss", loss)
        reports.gAcc = graph.result("g_acc", shareReal(fake))
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

    /// The fraction of logits that count as real.
    private func shareReal(_ logits: Tensor) -> Tensor {
        (logits .> gan.loss.realThreshold).cast(.float32).mean()
    }
}

/// Values that every step of a GAN reports.
package struct StepReports: Sendable {
    var dLoss, dAccReal, dAccFake, gLoss, gAcc: ResultHandle?

    /// Fields of `journal.jsonl` that do not depend on the step.
    package static let journalFields: Set = [
        "step", "epoch", "images", "seconds", "d_loss", "g_loss", "d_acc", "d_acc_real",
        "d_acc_fake", "g_acc", "images_per_second", "metrics", "metrics_real", "events",
    ]
}
