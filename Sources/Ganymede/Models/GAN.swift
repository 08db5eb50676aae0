/// A whole system: two networks, what they minimise, how and in which order.
public struct GAN: Codable, Equatable, Sendable {
    /// In which order the networks are updated.
    public enum Schedule: String, Codable, Sendable, CaseIterable {
        /// The discriminator on real images and fresh fakes, then the generator through the updated
        /// discriminator on new noise.
        case alternating
        /// Both from one forward pass: the gradients of both losses at the old weights, then both updates.
        case simultaneous
    }

    /// How the discriminator of the alternating schedule sees its images.
    public enum DiscriminatorBatch: String, Codable, Sendable, CaseIterable {
        /// The real batch, then fakes at the updated weights: two updates, as two calls of `train_on_batch`.
        case separate
        /// Both one after the other in one batch: one update.
        case concatenated
    }

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
    public var loss: AdversarialLoss
    /// How much the real label is lowered for the discriminator.
    public var labelSmoothing: Double
    /// The order of updates.
    public var schedule: Schedule
    /// How the discriminator of the alternating schedule sees its images.
    public var discriminatorBatch: DiscriminatorBatch
    /// Whether the discriminator's fakes come from the generator in inference mode, as Keras's `predict` makes
    /// them, or in training mode. For the alternating schedule.
    public var fakesInInference: Bool
    /// What the generator starts from.
    public var noise: Noise
    /// Which numbers stand for black and white.
    public var pixels: PixelRange
    /// How the generator learns.
    public var generatorOptimizer: AnyOptimizer
    /// How the discriminator learns.
    public var discriminatorOptimizer: AnyOptimizer

    /// A system. Networks that do not fit each other stop the process with both shapes.
    public init(
        generator: Sequential, discriminator: Sequential, loss: AdversarialLoss = .nonSaturating,
        labelSmoothing: Double = 0, schedule: Schedule = .alternating,
        discriminatorBatch: DiscriminatorBatch = .separate, fakesInInference: Bool = true,
        noise: Noise = .normal, pixels: PixelRange = .signed,
        generatorOptimizer: any Optimizer = Adam(learningRate: 2e-4, beta1: 0.5),
        discriminatorOptimizer: any Optimizer = Adam(learningRate: 2e-4, beta1: 0.5)
    ) {
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.labelSmoothing = labelSmoothing
        self.schedule = schedule
        self.discriminatorBatch = discriminatorBatch
        self.fakesInInference = fakesInInference
        self.noise = noise
        self.pixels = pixels
        self.generatorOptimizer = AnyOptimizer(generatorOptimizer)
        self.discriminatorOptimizer = AnyOptimizer(discriminatorOptimizer)
        if let fault { misuse(fault) }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func optional<Value: Decodable>(_ key: CodingKeys, _ standard: Value) throws -> Value {
            try container.decodeIfPresent(Value.self, forKey: key) ?? standard
        }
        generator = try container.decode(Sequential.self, forKey: .generator)
        discriminator = try container.decode(Sequential.self, forKey: .discriminator)
        loss = try container.decode(AdversarialLoss.self, forKey: .loss)
        labelSmoothing = try container.decode(Double.self, forKey: .labelSmoothing)
        schedule = try container.decode(Schedule.self, forKey: .schedule)
        discriminatorBatch = try optional(.discriminatorBatch, .separate)
        fakesInInference = try optional(.fakesInInference, true)
        noise = try optional(.noise, .normal)
        pixels = try optional(.pixels, .signed)
        let optimizers = (CodingKeys.generatorOptimizer, CodingKeys.discriminatorOptimizer)
        generatorOptimizer = try container.decode(AnyOptimizer.self, forKey: optimizers.0)
        discriminatorOptimizer = try container.decode(AnyOptimizer.self, forKey: optimizers.1)
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
        if !(0...1).contains(labelSmoothing) {
            return "label smoothing is from 0 to 1, and not \(labelSmoothing)"
        }
        return generatorOptimizer.value.fault ?? discriminatorOptimizer.value.fault
    }

    /// Why it makes neither images nor points; or nil.
    package var imageFault: String? {
        makesPoints || image.count == 3 && (image[2] == 1 || image[2] == 3)
            ? nil : "images are [height, width, 1 or 3], points [2], and not \(image)"
    }

    /// Extents of a sample: height, width, channels of an image, or ``Dataset/point``.
    public var image: [Int] { discriminator.input }

    /// Whether it makes points of the plane, and no images.
    public var makesPoints: Bool { image == Dataset.point }

    /// Channels of the pictures of what it makes: points are drawn in colour.
    var pictureChannels: Int { makesPoints ? 3 : image[2] }

    /// What it makes, in a sentence.
    var noun: String { makesPoints ? "points" : "images" }
}
