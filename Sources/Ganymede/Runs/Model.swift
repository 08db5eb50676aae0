/// A trained generator from a run directory or a checkpoint.
/// ```swift
/// let model = try Model.load("runs/mlp-001")
/// let digits = try model.generate(seeds: 0..<64)
/// ```
/// The sample of a seed depends on the seed, its class and the weights alone.
public final class Model: Sendable {
    /// The networks and their training configuration.
    public let gan: GAN
    private let sampler: Sampler

    /// Loads the latest checkpoint of the run at `path`, or the checkpoint at `path`. Throws if there is none or it
    /// cannot be read.
    ///
    /// - Parameters:
    ///   - path: a run directory or a checkpoint.
    ///   - weights: the moving average of the generator's weights, if the run has one, or the last ones.
    ///   - registry: holds the kinds of layers and other parts of the networks.
    public static func load(
        _ path: String, weights: GeneratorWeights = .ema, registry: Registry = .standard
    ) throws -> Model {
        Model(try Sampler.load(path, weights: weights, registry: registry))
    }

    private init(_ sampler: Sampler) {
        self.sampler = sampler
        gan = sampler.gan
    }

    /// The type of its samples: images of a size, or points.
    public var extent: SampleExtent { gan.extent }

    /// What a person should know about the file, such as that it bears no hash; nil if nothing.
    public var note: String? { sampler.note }

    /// What the classes of a conditional GAN are called; nil for one without classes.
    public var classNames: [String]? { sampler.classNames }

    /// A sample for each seed; seeds are not negative. Throws if the generator makes NaN or infinity.
    ///
    /// - Parameters:
    ///   - seeds: random seeds.
    ///   - number: the class of all samples, from 0, of a conditional GAN; nil for all classes in turn.
    public func generate(seeds: some Sequence<Int>, class number: Int? = nil) throws -> Samples {
        let seeds = Array(seeds)
        try check(number)
        return try sampler.samples(
            seeds: seeds, classes: number.map { [Int](repeating: $0, count: seeds.count) }
        ).samples
    }

    /// A sample for each latent vector, which has the generator's input size and a weight for each class.
    public func generate(_ latents: [Latent]) throws -> Samples {
        try sampler.samples(latents).samples
    }

    /// The interpolation for this generator's noise: spherical for normal noise, linear for uniform noise.
    public var path: Interpolation.Path { sampler.path }

    /// The latent vector of a seed, with the class of that number or in turn.
    public func latent(seed: Int, class number: Int? = nil) throws -> Latent {
        try check(number)
        return sampler.latent(seed: seed, class: number)
    }

    /// A latent vector of noise, which has the generator's input size, with the class of that number; nil for the class
    /// of the seed `index`.
    public func latent(noise: [Float], index: Int, class number: Int? = nil) throws -> Latent {
        try check(number)
        var latent = sampler.latent(seed: index, class: number)
        latent.noise = noise
        return latent
    }

    /// The number of a class by its name or number. Throws a usage error if the model has no such class.
    public func classNumber(_ text: String) throws -> Int {
        guard let names = classNames else { throw Model.noClasses }
        if let number = names.firstIndex(where: { $0.lowercased() == text.lowercased() }) {
            return number
        }
        if let number = Int(text), names.indices.contains(number) { return number }
        throw GanymedeError.invalidOption(
            "there is no class \(quoted(text))." + Message(suggestion(for: text, among: names))
                + " Classes: " + Message(names.joined(separator: ", ")))
    }

    private func check(_ number: Int?) throws {
        guard let number else { return }
        guard let names = classNames else { throw Model.noClasses }
        if !names.indices.contains(number) {
            throw GanymedeError.invalidOption(
                "classes are numbered from 0 to \(names.count - 1), and there is no \(number)")
        }
    }

    private static let noClasses = GanymedeError.invalidOption(
        "this model has no classes: train a conditional one, such as the preset flagship on labelled images"
    )
}
