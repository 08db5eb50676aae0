/// A whole system: two networks, what they minimise, how and in which order.
public struct GAN: Codable, Equatable, Sendable {
    /// In which order the networks are updated.
    public enum Schedule: String, Codable, Sendable, CaseIterable {
        /// The discriminator on the real batch, then on fakes at the updated weights, then the generator
        /// through the discriminator on new noise: three updates a step, as `train_on_batch` does it.
        case alternating
    }

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
    /// How the generator learns.
    public var generatorOptimizer: AnyOptimizer
    /// How the discriminator learns.
    public var discriminatorOptimizer: AnyOptimizer

    /// A system. Networks that do not fit each other stop the process with both shapes.
    public init(
        generator: Sequential, discriminator: Sequential, loss: AdversarialLoss = .nonSaturating,
        labelSmoothing: Double = 0, schedule: Schedule = .alternating,
        generatorOptimizer: any Optimizer = Adam(learningRate: 2e-4, beta1: 0.5),
        discriminatorOptimizer: any Optimizer = Adam(learningRate: 2e-4, beta1: 0.5)
    ) {
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.labelSmoothing = labelSmoothing
        self.schedule = schedule
        self.generatorOptimizer = AnyOptimizer(generatorOptimizer)
        self.discriminatorOptimizer = AnyOptimizer(discriminatorOptimizer)
        if let fault { misuse(fault) }
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

    /// Extents of an image: height, width, channels.
    public var image: [Int] { discriminator.input }
}
