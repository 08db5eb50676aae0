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

    /// A GAN. Throws a usage error if its parts do not fit together, such as the shapes of the networks.
    public init(
        generator: Sequential, discriminator: Sequential,
        loss: some AdversarialLoss = .nonSaturating, regularizers: [any Regularizer] = [],
        step: some TrainingStep = AlternatingStep(), noise: Noise = .normal,
        pixels: PixelRange = .signed,
        generatorOptimizer: some Optimizer = Adam(learningRate: 2e-4, beta1: 0.5),
        discriminatorOptimizer: some Optimizer = Adam(learningRate: 2e-4, beta1: 0.5)
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
        if let fault { throw GanymedeError.invalidOption(Message(fault)) }
    }

    /// Why the parts do not fit together, or which value is out of range; nil if all is well.
    package var fault: String? {
        if generator.output != discriminator.input {
            return
                "\(generator.name) makes \(Shape(generator.output)) and \(discriminator.name) takes "
                + "\(Shape(discriminator.input))"
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
        return loss.fault ?? step.fault(for: self) ?? generatorOptimizer.fault
            ?? discriminatorOptimizer.fault
    }

    /// Why its samples are neither images nor points; nil if they are.
    package var extentFault: String? {
        SampleExtent(shape: discriminator.input) == nil
            ? "images are [height, width, 1 or 3], points [2], and not \(discriminator.input)" : nil
    }

    /// The type of its samples. GANs whose samples are neither images nor points are refused when they are trained or
    /// loaded.
    public var extent: SampleExtent {
        guard let extent = SampleExtent(shape: discriminator.input) else {
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
