/// Generates images or points from seeds, in inference mode. A sample depends on its seed and the weights alone, not on
/// the other samples of a call.
package final class Sampler: @unchecked Sendable {
    // The program runs inside EngineThread.run, which is a lock.
    private static let chunk = 64
    let gan: GAN
    private let program: Program
    private let result: ResultHandle
    private var generator: Sequential { gan.generator }

    /// A sampler of the generator whose variables are in `store`. Call on the engine's thread.
    init(_ gan: GAN, store: StateStore, backend: BackendKind = .cpu) throws {
        self.gan = gan
        let generator = gan.generator
        let builder = GraphBuilder()
        let noise = builder.feed("noise", TensorType(Shape([Sampler.chunk] + generator.input)))
        let samples = generator(noise, Variables(builder), mode: .inference, pass: "sample")
        result = builder.result("samples", samples)
        program = try compiling {
            try Program(builder.graph, store: store, startsSoon: true, backend: backend)
        }
    }

    /// A sampler of the networks in a run directory or a checkpoint.
    package static func load(_ path: String, registry: Registry = .standard) throws -> Sampler {
        try EngineThread.run {
            let checkpoint = try Checkpoint(path)
            let gan = try checkpoint.gan(registry)
            let store = StateStore()
            try checkpoint.load(gan.generator.variables, into: store)
            if let bad = store.firstNonFinite() {
                throw GanymedeError.fileMalformed(
                    "\(quoted(checkpoint.path)): \(bad) holds a number that is not finite")
            }
            return try Sampler(gan, store: store)
        }
    }

    /// Bytes of `[seeds, height, width, channels]`.
    package func images(seeds: [Int]) -> [UInt8] {
        images(noise: seeds.lazy.map { self.noise(seed: $0) })
    }

    /// The interpolation for this generator's noise: spherical for normal noise, linear for uniform noise.
    package var path: Interpolation.Path {
        switch gan.noise {
        case .normal: Interpolation.slerp
        case .uniform: Interpolation.lerp
        }
    }

    /// The latent vector of a seed.
    package func noise(seed: Int) -> [Float] {
        Random.draw(
            gan.noise.distribution, count: generator.input.reduce(1, *), stream: "noise/sample",
            key: RandomKey(seed: UInt64(seed), step: 0))
    }

    /// Bytes of `[vectors, height, width, channels]`, an image for each latent vector.
    package func images(noise vectors: some Collection<[Float]>) -> [UInt8] {
        if gan.makesPoints { misuse("images of a system that makes points") }
        return make(vectors) { Raster.bytes($0, gan.pixels) }
    }

    /// Coordinates `[seeds, 2]`, for a GAN that makes points.
    package func points(seeds: [Int]) -> [Float] {
        points(noise: seeds.lazy.map { self.noise(seed: $0) })
    }

    /// Coordinates `[vectors, 2]`, a point for each latent vector.
    package func points(noise vectors: some Collection<[Float]>) -> [Float] {
        if !gan.makesPoints { misuse("points of a system that makes images") }
        return make(vectors) { Array($0) }
    }

    /// The samples of seeds, as a dataset. Throws on NaN or infinity, which would go unnoticed as a byte.
    func samples(seeds: [Int]) throws -> Dataset {
        try samples(noise: seeds.lazy.map { self.noise(seed: $0) })
    }

    /// The samples of latent vectors, as a dataset. Throws on NaN or infinity.
    func samples(noise: some Collection<[Float]>) throws -> Dataset {
        func finite(_ numbers: ArraySlice<Float>) throws -> ArraySlice<Float> {
            guard numbers.allSatisfy(\.isFinite) else {
                throw GanymedeError.metricUndefined(
                    "the generator makes numbers that are not finite: take an earlier checkpoint")
            }
            return numbers
        }
        switch gan.extent {
        case .point:
            let points = try make(noise) { Array(try finite($0)) }
            return Dataset(name: "generated", samples: .points(points))
        case .image(let size):
            let pixels = try make(noise) { Raster.bytes(try finite($0), gan.pixels) }
            return Dataset(name: "generated", samples: .images(pixels, size))
        }
    }

    /// Runs the generator on latent vectors in chunks, and converts its output.
    private func make<Number, Failure: Error>(
        _ vectors: some Collection<[Float]>,
        _ convert: (ArraySlice<Float>) throws(Failure) -> [Number]
    ) throws(Failure) -> [Number] {
        try EngineThread.run { () throws(Failure) in
            var made: [Number] = []
            let noise = program.feed("noise")
            let latent = generator.input.reduce(1, *)
            let size = generator.output.reduce(1, *)
            var rest = vectors[...]
            while !rest.isEmpty {
                let part = rest.prefix(Sampler.chunk)
                rest = rest.dropFirst(part.count)
                noise.update(repeating: 0)
                for (row, numbers) in part.enumerated() {
                    if numbers.count != latent {
                        misuse("\(numbers.count) numbers of noise for a generator of \(latent)")
                    }
                    for index in 0..<latent { noise[row * latent + index] = numbers[index] }
                }
                program.run()
                made += try convert(program.values(of: result).prefix(part.count * size))
            }
            return made
        }
    }
}
