/// A source of samples to evaluate: a generator, which makes any number, or a fixed set.
package enum SampleSource {
    /// A run or a checkpoint.
    case generator(Sampler)
    /// A folder, a `.npy` or IDX file, or a dataset by name; and notes on how pictures were converted.
    case samples(Dataset, changes: [String] = [])

    /// The source at `path`. Throws if there is none, or none that can be used.
    ///
    /// - Parameters:
    ///   - extent: the size that pictures of a folder are resized to.
    ///   - weights: which of a generator's weights make samples.
    public init(
        _ path: String, extent: SampleExtent, weights: GeneratorWeights = .ema,
        registry: Registry = .standard
    ) throws {
        if SampleSource.isGenerator(path) {
            self = .generator(try Sampler.load(path, weights: weights, registry: registry))
            return
        }
        if Files.ending(path) == "npy", Files.exists(path) {
            self = .samples(try Dataset(npy: path, name: path))
            return
        }
        let source = DataSource(path, registry: registry)
        guard let size = extent.image, let folder = try source.imageFolder() else {
            // Not resized: the evaluation checks their size.
            self = .samples(try source.arrays(.standard))
            return
        }
        // Not from the cache, which does not hold the original sizes.
        let decoded = try folder.decodeAll(size: size.height, channels: size.channels)
        self = .samples(decoded.dataset, changes: decoded.changes)
    }

    /// Whether there is a run or a checkpoint at `path`.
    public static func isGenerator(_ path: String) -> Bool {
        Files.isDirectory(path)
            ? Files.exists(RunDirectory(path: path).configPath)
            : ["safetensors", "latest", "best"].contains { path.hasSuffix($0) }
    }

    /// The type of its samples.
    public var extent: SampleExtent {
        switch self {
        case .generator(let sampler): sampler.gan.extent
        case .samples(let dataset, _): dataset.extent
        }
    }

    /// Notes on how pictures were converted, or on the generator's file; empty if there are none.
    public var notes: [String] {
        switch self {
        case .samples(_, let changes): changes
        case .generator(let sampler): [sampler.note].compactMap(\.self)
        }
    }

    /// Up to `count` disjoint sets of `samples` samples each, as far as there are enough samples.
    ///
    /// - Parameters:
    ///   - seed: a generator's first sample has this seed times 1,000,000; for a fixed set, the seed of the shuffle.
    ///   - skipping: the number of samples of a fixed set to skip, after shuffling.
    public func sets(
        _ count: Int, of samples: Int, seed: Int, skipping: Int
    ) throws -> [Dataset] {
        let most = try most(count, of: samples, skipping: skipping)
        return try sets(at: Array(0..<most), of: samples, seed: seed, skipping: skipping)
    }

    /// How many sets there are of up to `count`. Throws if there is not even one.
    func most(_ count: Int, of samples: Int, skipping: Int) throws -> Int {
        guard case .samples(let dataset, _) = self else { return count }
        let left = max(dataset.count - skipping, 0)
        guard left >= samples else {
            throw GanymedeError.tooFewSamples(
                "\(dataset.name) holds \(left) samples to evaluate, less than a set of \(samples)\(advice: left == 0 ? ": give more" : ": use \(option: "samples") \(left), or give more")"
            )
        }
        return min(count, left / samples)
    }

    /// Those of these sets that have the given numbers, from 0.
    func sets(
        at numbers: [Int], of samples: Int, seed: Int, skipping: Int
    ) throws -> [Dataset] {
        switch self {
        case .generator(let sampler):
            return try numbers.map { number in
                let first = seed * 1_000_000 + number * samples
                return try sampler.samples(seeds: Array(first..<first + samples))
            }
        case .samples(let dataset, _):
            let order = dataset.shuffled(seed: seed).dropFirst(skipping)
            return numbers.map { number in
                dataset.picking(Array(order.dropFirst(number * samples).prefix(samples)))
            }
        }
    }
}
