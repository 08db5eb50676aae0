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
        if generator.output != discriminator.input {
            misuse(
                "\(generator.name) makes \(Shape(generator.output)) and \(discriminator.name) takes "
                    + "\(Shape(discriminator.input))")
        }
        if discriminator.output != [1] {
            misuse("\(discriminator.name) makes \(Shape(discriminator.output)), not one logit")
        }
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.labelSmoothing = labelSmoothing
        self.schedule = schedule
        self.generatorOptimizer = AnyOptimizer(generatorOptimizer)
        self.discriminatorOptimizer = AnyOptimizer(discriminatorOptimizer)
    }

    /// Extents of an image: height, width, channels.
    public var image: [Int] { discriminator.input }
    /// Numbers that one image is made from.
    public var latentSize: Int { generator.input.reduce(1, *) }
}
