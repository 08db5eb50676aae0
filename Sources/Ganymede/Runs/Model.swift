/// A trained generator from a run directory or a checkpoint.
/// ```swift
/// let model = try Model.load("runs/mlp-001")
/// let digits = try model.generate(seeds: 0..<64)
/// ```
/// The sample of a seed depends on the seed and the weights alone.
public final class Model: Sendable {
    /// The networks and their training configuration.
    public let gan: GAN
    private let sampler: Sampler

    /// Loads the latest checkpoint of the run at `path`, or the checkpoint at `path`. Throws if there is none or it
    /// cannot be read.
    ///
    /// - Parameters:
    ///   - path: a run directory or a checkpoint.
    ///   - registry: holds the kinds of layers and other parts of the networks.
    public static func load(_ path: String, registry: Registry = .standard) throws -> Model {
        Model(try Sampler.load(path, registry: registry))
    }

    private init(_ sampler: Sampler) {
        self.sampler = sampler
        gan = sampler.gan
    }

    /// The type of its samples: images of a size, or points.
    public var extent: SampleExtent { gan.extent }

    /// A sample for each seed; seeds are not negative. Throws if the generator makes NaN or infinity.
    public func generate(seeds: some Sequence<Int>) throws -> Samples {
        try sampler.samples(seeds: Array(seeds)).samples
    }

    /// A sample for each latent vector, which has the generator's input size.
    public func generate(noise: [[Float]]) throws -> Samples {
        try sampler.samples(noise: noise).samples
    }

    /// The interpolation for this generator's noise: spherical for normal noise, linear for uniform noise.
    public var path: Interpolation.Path { sampler.path }

    /// The latent vector of a seed.
    public func noise(seed: Int) -> [Float] { sampler.noise(seed: seed) }
}
