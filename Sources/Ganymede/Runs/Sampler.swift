/// Generates images or points from seeds, in inference mode. A sample depends on its seed, its class and the weights
/// alone, not on the other samples of a call.
package final class Sampler: @unchecked Sendable {
    // The program runs inside EngineThread.run, which is a lock; the shares are set before the first sample.
    private static let chunk = 64
    let gan: GAN
    /// What the classes are called; nil for a GAN without classes.
    package let classNames: [String]?
    /// How often each class comes when none is asked for; nil for equally often.
    package var classShares: [Double]?
    /// What a person should know about the file of the weights; nil if nothing.
    package private(set) var note: String?
    private let program: Program
    private let result: ResultHandle
    private var generator: Sequential { gan.generator }

    /// A sampler of the generator whose variables are in `store`. Call on the engine's thread.
    ///
    /// - Parameters:
    ///   - weights: the average needs a store that holds it, and is ignored by a GAN without one.
    ///   - classNames: for a conditional GAN; by default its numbers.
    ///   - classShares: see ``classOf(seed:)``.
    init(
        _ gan: GAN, store: StateStore, weights: GeneratorWeights = .ema,
        classNames: [String]? = nil, classShares: [Double]? = nil, backend: BackendKind = .cpu
    ) throws {
        self.gan = gan
        self.classNames = gan.classes.map { count in
            classNames?.count == count ? classNames ?? [] : (0..<count).map { "\($0)" }
        }
        self.classShares = classShares
        let generator = gan.generator
        let builder = GraphBuilder()
        let noise = builder.feed("noise", TensorType(Shape([Sampler.chunk] + generator.input)))
        let classes = gan.classes.map { builder.feed("classes", TensorType([Sampler.chunk, $0])) }
        let isAveraged = weights == .ema && generator.isAveraged(in: store)
        let samples = generator(
            noise, Variables(builder, averages: isAveraged), classes: classes, mode: .inference,
            pass: "sample")
        result = builder.result("samples", samples)
        program = try compiling {
            try Program(builder.graph, store: store, startsSoon: true, backend: backend)
        }
    }

    /// A sampler of the networks in a run directory or a checkpoint.
    package static func load(
        _ path: String, weights: GeneratorWeights = .ema, registry: Registry = .standard
    ) throws -> Sampler {
        try EngineThread.run {
            try Checkpoint.using(path) { try load($0, weights, registry) }
        }
    }

    private static func load(
        _ checkpoint: Checkpoint, _ weights: GeneratorWeights, _ registry: Registry
    ) throws -> Sampler {
        let gan = try checkpoint.gan(registry)
        let store = StateStore()
        try checkpoint.load([gan.generator], into: store)
        let sampler = try Sampler(
            gan, store: store, weights: weights, classNames: checkpoint.classNames)
        sampler.note = checkpoint.unhashed
        return sampler
    }

    // MARK: Latent vectors

    /// The interpolation for this generator's noise: spherical for normal noise, linear for uniform noise.
    package var path: Interpolation.Path {
        switch gan.noise {
        case .normal: Interpolation.slerp
        case .uniform: Interpolation.lerp
        }
    }

    /// The noise of a seed.
    package func noise(seed: Int) -> [Float] {
        Random.draw(
            gan.noise.distribution, count: generator.input.reduce(1, *), stream: "noise/sample",
            key: RandomKey(seed: UInt64(seed), step: 0))
    }

    /// What a seed makes.
    ///
    /// - Parameter class: a class of a conditional GAN; nil for the seed's own.
    package func latent(seed: Int, class number: Int? = nil) -> Latent {
        Latent(
            noise: noise(seed: seed), class: number ?? classOf(seed: seed), of: gan.classes)
    }

    /// The class of a seed when none is asked for: in turn, or spread evenly in proportion to the shares. Nil without
    /// classes.
    func classOf(seed: Int) -> Int? {
        guard let count = gan.classes else { return nil }
        guard let classShares else { return seed % count }
        // Multiples of the golden ratio fill the unit interval evenly.
        // An evaluation may compare with data of other classes.
        let shares = classShares.prefix(count)
        let (place, sum) = (
            (Double(seed) * 0.618_033_988_749_894_9).fraction, shares.reduce(0, +)
        )
        var upTo = 0.0
        for (number, share) in shares.enumerated() {
            upTo += share / sum
            if place < upTo { return number }
        }
        return count - 1
    }

    // MARK: Samples

    /// Bytes of `[seeds, height, width, channels]`.
    package func images(seeds: [Int], classes: [Int]? = nil) -> [UInt8] {
        images(latents(seeds, classes))
    }

    /// Bytes of `[vectors, height, width, channels]`, an image for each latent.
    package func images(_ latents: some Collection<Latent>) -> [UInt8] {
        if gan.makesPoints { misuse("images of a system that makes points") }
        return make(latents) { Raster.bytes($0, gan.pixels) }
    }

    /// Coordinates `[seeds, 2]`, for a GAN that makes points.
    package func points(seeds: [Int]) -> [Float] {
        if !gan.makesPoints { misuse("points of a system that makes images") }
        return make(latents(seeds, nil)) { Array($0) }
    }

    /// The samples of seeds, as a dataset, labelled by class for a conditional GAN. Throws on NaN or infinity, which
    /// would go unnoticed as a byte.
    func samples(seeds: [Int], classes: [Int]? = nil) throws -> Dataset {
        let labels = classes ?? (gan.classes == nil ? nil : seeds.compactMap(classOf(seed:)))
        let made = try samples(latents(seeds, classes))
        return Dataset(
            name: made.name, samples: made.samples, labels: labels, classNames: classNames)
    }

    /// The samples of latent vectors, as a dataset. Throws on NaN or infinity.
    func samples(_ latents: some Collection<Latent>) throws -> Dataset {
        func finite(_ numbers: ArraySlice<Float>) throws -> ArraySlice<Float> {
            guard numbers.allSatisfy(\.isFinite) else {
                throw GanymedeError.metricUndefined(
                    "the generator makes numbers that are not finite: take an earlier checkpoint")
            }
            return numbers
        }
        switch gan.extent {
        case .point:
            let points = try make(latents) { Array(try finite($0)) }
            return Dataset(name: "generated", samples: .points(points))
        case .image(let size):
            let pixels = try make(latents) { Raster.bytes(try finite($0), gan.pixels) }
            return Dataset(name: "generated", samples: .images(pixels, size))
        }
    }

    private func latents(_ seeds: [Int], _ classes: [Int]?) -> some Collection<Latent> {
        seeds.indices.lazy.map { self.latent(seed: seeds[$0], class: classes?[$0]) }
    }

    /// Runs the generator on latent vectors in chunks, and converts its output.
    private func make<Number, Failure: Error>(
        _ latents: some Collection<Latent>,
        _ convert: (ArraySlice<Float>) throws(Failure) -> [Number]
    ) throws(Failure) -> [Number] {
        try EngineThread.run { () throws(Failure) in
            var made: [Number] = []
            let size = generator.output.reduce(1, *)
            var rest = latents[...]
            while !rest.isEmpty {
                let part = Array(rest.prefix(Sampler.chunk))
                rest = rest.dropFirst(part.count)
                fill("noise", part.map(\.noise), width: generator.input.reduce(1, *))
                if let count = gan.classes {
                    fill("classes", part.map(\.classWeights), width: count)
                }
                program.run()
                made += try convert(program.values(of: result).prefix(part.count * size))
            }
            return made
        }
    }

    /// Fills the first rows of a feed, and the others with zeros.
    private func fill(_ name: String, _ rows: [[Float]], width: Int) {
        let feed = program.feed(name)
        feed.update(repeating: 0)
        for (row, numbers) in rows.enumerated() {
            if numbers.count != width {
                misuse("\(numbers.count) numbers of \(name) for a generator of \(width)")
            }
            for index in 0..<width { feed[row * width + index] = numbers[index] }
        }
    }
}

extension Sequential {
    /// Whether a store holds the moving average of this network.
    fileprivate func isAveraged(in store: StateStore) -> Bool {
        variables.allSatisfy { store[$0.average.name] != nil }
    }
}

extension Double {
    fileprivate var fraction: Double { self - rounded(.down) }
}
