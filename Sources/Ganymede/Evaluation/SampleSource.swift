/// Where samples come from that are to be judged: a generator, which makes as many as one asks for, or what is there.
package enum SampleSource {
    /// A run or a checkpoint.
    case generator(Sampler)
    /// A folder, a `.npy` or IDX file, a dataset by name; and how pictures differ from what they became.
    case samples(Dataset, changes: [String] = [])

    /// What is at `path`. Throws a world's error where nothing is there, or nothing that can be used.
    ///
    /// - Parameter extent: what pictures of a folder are resized to.
    public init(
        _ path: String, extent: SampleExtent, registry: Registry = .standard
    ) throws {
        if SampleSource.isGenerator(path) {
            self = .generator(try Sampler.load(path, registry: registry))
            return
        }
        if Files.ending(path) == "npy", Files.exists(path) {
            self = .samples(try Dataset(npy: path, name: path, allowsPoints: true))
            return
        }
        let source = DataSource(path, registry: registry)
        guard let size = extent.image, let folder = try source.imageFolder() else {
            // As they are: whoever judges says whether they fit.
            self = .samples(try source.arrays(.standard))
            return
        }
        // Not from the cache, which does not know how they were.
        let decoded = try folder.decodeAll(size: size.height, channels: size.channels)
        self = .samples(decoded.dataset, changes: decoded.changes)
    }

    /// Whether there is a run or a checkpoint at `path`.
    public static func isGenerator(_ path: String) -> Bool {
        Files.isDirectory(path)
            ? Files.exists(RunDirectory(path: path).configPath)
            : ["safetensors", "latest", "best"].contains { path.hasSuffix($0) }
    }

    /// What a sample is.
    public var extent: SampleExtent {
        switch self {
        case .generator(let sampler): sampler.gan.extent
        case .samples(let dataset, _): dataset.extent
        }
    }

    /// How pictures differ from what is judged; nothing where it is what there is.
    public var changes: [String] {
        if case .samples(_, let changes) = self { return changes }
        return []
    }

    /// Disjoint sets of `samples` samples each, as many as there are up to `count`.
    ///
    /// - Parameters:
    ///   - seed: of the first sample of a generator, in millions; of the order of what is there.
    ///   - skipping: how many of what is there are left out, first in its order.
    public func sets(
        _ count: Int, of samples: Int, seed: Int, skipping: Int
    ) throws -> [Dataset] {
        switch self {
        case .generator(let sampler):
            return try (0..<count).map { set in
                let first = seed * 1_000_000 + set * samples
                return try sampler.samples(seeds: Array(first..<first + samples))
            }
        case .samples(let dataset, _):
            let order = dataset.shuffled(seed: seed).dropFirst(skipping)
            guard order.count >= samples else {
                throw GanymedeError.tooFewSamples(
                    "\(dataset.name) holds \(order.count) samples to evaluate, less than a set of \(samples)\(advice: order.isEmpty ? ": give more" : ": use \(option: "samples") \(order.count), or give more")"
                )
            }
            return (0..<min(count, order.count / samples)).map { set in
                dataset.picking(Array(order.dropFirst(set * samples).prefix(samples)))
            }
        }
    }
}
