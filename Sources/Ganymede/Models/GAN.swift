/// A whole system: two networks, what they minimise, how and in which order.
public struct GAN: Codable, Sendable {
    /// What the generator starts from.
    public enum Noise: String, Codable, Sendable, CaseIterable {
        /// Standard normal.
        case normal
        /// Uniform on [-1, 1).
        case uniform

        var distribution: Distribution { self == .normal ? .normal : .signedUniform }
    }

    /// Which numbers stand for black and white.
    public typealias PixelRange = Ganymede.PixelRange

    /// Noise to image.
    public var generator: Sequential
    /// Image to one logit.
    public var discriminator: Sequential
    /// What both minimise.
    public var loss: any AdversarialLoss
    /// What is added to the discriminator's loss.
    public var regularizers: [any Regularizer]
    /// A round of training: which network is updated on what, and in which order.
    public var step: any TrainingStep
    /// What the generator starts from.
    public var noise: Noise
    /// Which numbers stand for black and white.
    public var pixels: PixelRange
    /// How the generator learns.
    public var generatorOptimizer: any Optimizer
    /// How the discriminator learns.
    public var discriminatorOptimizer: any Optimizer

    /// A system. Throws a usage error, with both shapes, where its parts do not fit each other.
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

    /// Why the parts do not fit each other, or which number is out of range; or nil.
    package var fault: String? {
        if generator.output != discriminator.input {
            return
                "\(generator.name) makes \(Shape(generator.output)) and \(discriminator.name) takes "
                + "\(Shape(discriminator.input))"
        }
        if discriminator.output != [1] {
            return "\(discriminator.name) makes \(Shape(discriminator.output)), not one logit"
        }
        // Variables are told apart by the network's name and a point.
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

    /// Why it makes neither images nor points; or nil.
    package var extentFault: String? {
        SampleExtent(shape: discriminator.input) == nil
            ? "images are [height, width, 1 or 3], points [2], and not \(discriminator.input)" : nil
    }

    /// What it makes. Networks for anything else are refused when they are trained or loaded.
    public var extent: SampleExtent {
        guard let extent = SampleExtent(shape: discriminator.input) else {
            misuse(extentFault ?? "")
        }
        return extent
    }

    /// Whether it makes points of the plane, and no images.
    public var makesPoints: Bool { extent == .point }

    /// Channels of the pictures of what it makes: points are drawn in colour.
    var pictureChannels: Int { extent.image?.channels ?? 3 }

    /// What it makes, in a word.
    package var noun: String { makesPoints ? "points" : "images" }
}
