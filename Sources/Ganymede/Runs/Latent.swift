/// What a generator makes a sample of: noise and, for a conditional GAN, classes.
public struct Latent: Sendable, Equatable {
    /// The generator's input.
    public var noise: [Float]
    /// A weight for each class: 1 for the sample's and 0 for the others, or a mixture. Empty without classes.
    public var classWeights: [Float]

    /// Noise, and the weights of classes if there are any.
    public init(noise: [Float], classWeights: [Float] = []) {
        self.noise = noise
        self.classWeights = classWeights
    }

    /// Noise, and one class out of `count`; nil without classes.
    init(noise: [Float], class number: Int?, of count: Int?) {
        self.noise = noise
        classWeights = (0..<(count ?? 0)).map { $0 == number ? 1 : 0 }
    }

    /// Between two of them: along `path` in the noise, in a straight line between the classes.
    static func between(_ a: Latent, _ b: Latent, _ t: Double, along path: Interpolation.Path)
        -> Latent
    {
        Latent(
            noise: path(a.noise, b.noise, t),
            classWeights: Interpolation.lerp(a.classWeights, b.classWeights, t))
    }
}
