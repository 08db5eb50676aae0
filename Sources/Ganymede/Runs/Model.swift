/// A trained generator from a run directory or a checkpoint.
/// ```swift
/// let model = try Model.load("runs/mlp-001")
/// let digits = try model.generate(seeds: 0..<64)
/// ```
/// What a seed becomes depends on the seed and the weights alone.
public final class Model: Sendable {
    /// The networks, and how they were trained.
    public let gan: GAN
    private let sampler: Sampler

    /// The model at `path`: a run, of which the latest checkpoint counts, or a checkpoint. Throws where nothing is there,
    /// or nothing that can be read.
    ///
    /// - Parameter registry: has the kinds that the networks are made of.
    public static func load(_ path: String, registry: Registry = .standard) throws -> Model {
        Model(try Sampler.load(path, registry: registry))
    }

    private init(_ sampler: Sampler) {
        self.sampler = sampler
        gan = sampler.gan
    }

    /// What it makes: images of a size, or points.
    public var extent: SampleExtent { gan.extent }

    /// A sample for each seed; seeds are not negative. Throws where the generator makes NaN or infinity.
    public func generate(seeds: some Sequence<Int>) throws -> Samples {
        try sampler.samples(seeds: Array(seeds)).samples
    }

    /// A sample for each vector of noise, as many numbers as the generator takes.
    public func generate(noise: [[Float]]) throws -> Samples {
        try sampler.samples(noise: noise).samples
    }

    /// The way between two vectors of noise that stays where the generator was trained: an arc for normal noise, a
    /// straight line for uniform noise.
    public var path: Interpolation.Path { sampler.path }

    /// The noise that a seed stands for.
    public func noise(seed: Int) -> [Float] { sampler.noise(seed: seed) }
}
