/// A GAN: two networks, their losses, optimizers and the training step.
public struct GAN: Codable, Sendable {
    /// The distribution of the generator's latent vectors.
    public enum Noise: String, Codable, Sendable, CaseIterable {
        /// Standard normal.
        case normal
        /// Uniform on [-1, 1).
        case uniform

        var distribution: Distribution { self == .normal ? .normal : .signedUniform }
    }

    /// The range of pixel values.
    public typealias PixelRange = Ganymede.PixelRange

    /// Latent vector to image.
    public var generator: Sequential
    /// Image to one logit.
    public var discriminator: Sequential
    /// The losses of both networks.
    public var loss: any AdversarialLoss
    /// Terms that are added to the discriminator's loss.
    public var regularizers: [any Regularizer]
    /// The training step: which network is updated on what, and in which order.
    public var step: any TrainingStep
    /// The distribution of the generator's latent vectors.
    public var noise: Noise
    /// The range of pixel values.
    public var pixels: PixelRange
    /// The generator's optimizer.
    public var generatorOptimizer: any Optimizer
    /// The discriminator's optimizer.
    public var discriminatorOptimizer: any Optimizer
    /// The average of the generator's weights that makes samples; nil for the weights of the last step.
    public var ema: WeightAverage?
    /// The largest norm of a network's gradient, over all its variables, in an update; larger ones are scaled down to
    /// it. Nil for no limit.
    public var clipNorm: Double?
    /// The regularizers are part of every n-th step only, with n times their weight (lazy regularization; Karras et al.,
    /// "Analyzing and improving the image quality of StyleGAN", 2020).
    public var regularizerInterval: Int
    /// Random changes of all images that the discriminator sees.
    public var augmentation: [ImageAugmentation]
    /// The standard deviation of normal noise that is added to all images that the discriminator sees (Sønderby et al.,
    /// "Amortised MAP inference for image super-resolution", 2017).
    public var instanceNoise: Schedule
    /// The discriminator classifies this many samples at once, as channels of one (Lin et al., "PacGAN", 2018). Its input
    /// has that many times the generator's channels.
    public var packing: Int

    /// A GAN. Throws a usage error if its parts do not fit together, such as the shapes of the networks.
    public init(
        generator: Sequential, discriminator: Sequential,
        loss: some AdversarialLoss = .nonSaturating, regularizers: [any Regularizer] = [],
        step: some TrainingStep = AlternatingStep(), noise: Noise = .normal,
        pixels: PixelRange = .signed,
        generatorOptimizer: some Optimizer = Adam(learningRate: 2e-4, beta1: 0.5),
        discriminatorOptimizer: some Optimizer = Adam(learningRate: 2e-4, beta1: 0.5),
        ema: WeightAverage? = nil, clipNorm: Double? = nil, regularizerInterval: Int = 1,
        augmentation: [ImageAugmentation] = [], instanceNoise: Schedule = 0, packing: Int = 1
    ) throws {
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.regularizers = regularizers
        self.step = step
        self.noise = noise
        self.pixels = pixels
        self.generatorOptimizer = generatorOptimizer
        self.discriminatorOptimizer = discriminatorOptimizer
        self.ema = ema
        self.clipNorm = clipNorm
        self.regularizerInterval = regularizerInterval
        self.augmentation = augmentation
        self.instanceNoise = instanceNoise
        self.packing = packing
        if let fault { throw GanymedeError.invalidOption(Message(fault)) }
    }

    /// Why the parts do not fit together, or which value is out of range; nil if all is well.
    package var fault: String? {
        let taken = packed(generator.output)
        if taken != discriminator.input {
            return
                "\(generator.name) makes \(Shape(generator.output)) and \(discriminator.name) takes "
                + "\(Shape(discriminator.input))"
                + (packing == 1
                    ? "" : "; with a packing of \(packing) it has to take \(Shape(taken))")
        }
        if discriminator.output != [1] {
            return "\(discriminator.name) makes \(Shape(discriminator.output)), not one logit"
        }
        // A variable's name starts with its network's name and a dot.
        let names = [generator.name, discriminator.name]
        let plain = names.allSatisfy { name in
            !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        }
        if !plain || names[0] == names[1] {
            return "networks need two names of letters, digits and _, and not \(names)"
        }
        for network in [generator, discriminator]
        where !network.variables.contains(where: \.trainable) {
            return "\(network.name) has nothing to learn"
        }
        for regularizer in regularizers {
            if let fault = regularizer.fault { return fault }
            if regularizer.needsSeparateSamples,
                let layer = discriminator.layers.first(where: { $0.mixesSamples })
            {
                return
                    "the regularizer \"\(type(of: regularizer).kind)\" needs the gradient of each sample, and "
                    + "\(type(of: layer).typeName) in \(discriminator.name) mixes samples: leave one of them out"
            }
        }
        return trainingFault ?? loss.fault ?? step.fault(for: self) ?? generatorOptimizer.fault
            ?? discriminatorOptimizer.fault
    }

    /// The shape of the discriminator's input for samples of this shape: `packing` times the channels.
    private func packed(_ sample: [Int]) -> [Int] {
        sample.dropLast() + [(sample.last ?? 0) * packing]
    }

    /// What the discriminator sees of samples [N, ..., C] at once: [N / packing, ..., packing C].
    func packed(_ images: Tensor) -> Tensor {
        if packing == 1 { return images }
        let channels = images.shape[images.shape.rank - 1]
        let inner = images.shape.count / images.shape[0] / channels
        let packs = images.shape[0] / packing
        return images.reshape([packs, packing, inner, channels]).transpose([0, 2, 1, 3])
            .reshape(Shape([packs] + discriminator.input))
    }

    private var trainingFault: String? {
        if generator.classes != discriminator.classes {
            let (made, taken) = (generator.classes, discriminator.classes)
            return
                "\(generator.name) reads the classes of \(made ?? 0) and \(discriminator.name) of \(taken ?? 0): "
                + "in a conditional GAN both networks read the same classes"
        }
        if !(1...16).contains(packing) { return "packing is from 1 to 16, and not \(packing)" }
        if packing > 1 && classes != nil {
            return
                "packing and classes do not go together: the samples of a pack have different classes"
        }
        if !(1...1000).contains(regularizerInterval) {
            return "regularizer_interval is from 1 to 1000, and not \(regularizerInterval)"
        }
        if let clipNorm, !(clipNorm > 0 && clipNorm.isFinite) {
            return "clip_norm is above 0, and not \(clipNorm)"
        }
        if !augmentation.isEmpty && generator.output.count != 3 {
            return
                "augmentation is for images, and \(generator.name) makes \(Shape(generator.output))"
        }
        if Set(augmentation).count < augmentation.count {
            return
                "augmentation names a kind once, and not \(augmentation.map(\.rawValue).joined(separator: ", "))"
        }
        return instanceNoise.fault("instance_noise", 0..<Double.infinity) ?? ema?.fault
    }

    /// The number of classes of a conditional GAN; nil if it has none.
    public var classes: Int? { generator.classes }

    /// The same GAN with every schedule for a run that is `factor` times as long.
    public func stretched(by factor: Double) -> GAN {
        var copy = self
        copy.generatorOptimizer = generatorOptimizer.stretched(by: factor)
        copy.discriminatorOptimizer = discriminatorOptimizer.stretched(by: factor)
        copy.regularizers = regularizers.map { $0.stretched(by: factor) }
        copy.instanceNoise = instanceNoise.stretched(by: factor)
        if let ema { copy.ema?.decay = ema.decay.stretched(by: factor) }
        return copy
    }

    /// Why its samples are neither images nor points; nil if they are.
    package var extentFault: String? {
        SampleExtent(shape: generator.output) == nil
            ? "images are [height, width, 1 or 3], points [2], and not \(generator.output)" : nil
    }

    /// The type of its samples. GANs whose samples are neither images nor points are refused when they are trained or
    /// loaded.
    public var extent: SampleExtent {
        guard let extent = SampleExtent(shape: generator.output) else {
            misuse(extentFault ?? "")
        }
        return extent
    }

    /// Whether its samples are points of the plane.
    public var makesPoints: Bool { extent == .point }

    /// Channels of the pictures of its samples; plots of points are in colour.
    var pictureChannels: Int { extent.image?.channels ?? 3 }

    /// What its samples are called.
    package var noun: String { makesPoints ? "points" : "images" }
}
