/// Samples to evaluate, and the dataset that they are compared with.
public struct EvaluationTask {
    /// The dataset of real samples.
    public let data: DataSource
    private let source: SampleSource
    private let extractor: FeatureExtractor
    private let registry: Registry
    private let training: Dataset
    private let test: Dataset?
    /// Whether the samples are the dataset's own.
    private let isReal: Bool

    /// Loads the samples, the dataset and the evaluator.
    ///
    /// - Parameters:
    ///   - path: a run, a checkpoint, a folder of pictures, a `.npy` or IDX file, or a dataset by name.
    ///   - data: the dataset; nil for the training data of a run or the dataset that `path` names, and MNIST for files.
    ///   - evaluator: the path of an evaluator's file; nil for the run's own, else the one that comes with the dataset.
    ///   - weights: which of a run's weights make samples.
    ///   - registry: holds kinds, datasets and metrics of your own.
    public init(
        _ path: String, data: String? = nil, evaluator: String? = nil,
        weights: GeneratorWeights = .ema, registry: Registry = .standard
    ) throws {
        self.registry = registry
        let options = try EvaluationTask.options(of: path, needed: data == nil, registry)
        self.data =
            data.map { DataSource($0, registry: registry) }
            ?? EvaluationTask.data(of: path, options, registry)
        // A run's own evaluator is for the run's data, so it is not used with other data.
        let own = data == nil ? options?.evaluator : nil
        extractor = try FeatureExtractor(self.data, evaluator: evaluator ?? own)
        source = try SampleSource(
            path, extent: extractor.extent, weights: weights, registry: registry)
        try extractor.check(source.extent, of: path)
        isReal = DataSource(path, registry: registry).isSame(as: self.data)
        training = try self.data.load(extractor.extent)
        test = try self.data.test(training.extent)
        if case .generator(let sampler) = source { sampler.classShares = training.classShares }
    }

    /// The options of the run that `path` belongs to; nil if it does not belong to a run. Throws if they are `needed`
    /// and not found.
    private static func options(
        of path: String, needed: Bool, _ registry: Registry
    ) throws -> RunOptions? {
        guard SampleSource.isGenerator(path) else { return nil }
        // A checkpoint is in RUN/checkpoints/.
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let above = parts.isEmpty ? "." : parts.joined(separator: "/")
        let run = Files.isDirectory(path) ? path : above
        if Files.exists(RunDirectory(path: run).configPath) {
            return try RunDirectory.open(run).options(registry)
        }
        if !needed { return nil }
        throw GanymedeError.invalidOption(
            "\(quoted(path)) is not in its run's folder, which says what it learned from\(advice: ": add \(option: "data")")"
        )
    }

    private static func data(
        of path: String, _ options: RunOptions?, _ registry: Registry
    ) -> DataSource {
        let named = DataSource(path, registry: registry)
        return named.known != nil ? named : options?.source ?? .mnist
    }

    /// The default number of samples in a set.
    public var defaultSamples: Int { extractor.defaultSamples }

    /// Computes the metrics.
    ///
    /// - Parameters:
    ///   - names: the metrics to compute; nil for all.
    ///   - samples: samples in a set.
    ///   - sets: sets of generated samples, fewer if there are not enough samples.
    ///   - seed: random seed, not negative.
    ///   - progress: called with a description of the current work.
    public func evaluation(
        names: [String]?, samples: Int, sets: Int, seed: Int,
        progress: @escaping @Sendable (_ doing: String) -> Void = { _ in }
    ) throws -> Evaluation {
        try evaluation(
            names: names, samples: samples, sets: sets, seed: seed, communicator: nil,
            progress: progress)
    }

    /// The same on several ranks, each of which evaluates some of the sets; all get the result.
    package func evaluation(
        names: [String]?, samples: Int, sets: Int, seed: Int, communicator: (any Communicator)?,
        progress: @escaping @Sendable (_ doing: String) -> Void = { _ in }
    ) throws -> Evaluation {
        try check(names)
        let reference = try ReferenceSet(
            training: training, test: test, extractor: extractor, samples: samples, seed: seed,
            registry: registry, progress: progress)
        if case .generator = source { progress("making samples") }
        // If the dataset itself is evaluated, skip the samples of the reference set.
        let skipping = isReal ? samples : 0
        func evaluation(of found: [Dataset]) throws -> Evaluation {
            try Evaluation(
                of: found, by: reference, names: names, data: data.name, notes: source.notes)
        }
        guard let communicator else {
            return try evaluation(
                of: source.sets(sets, of: samples, seed: seed, skipping: skipping))
        }
        let count = try source.most(sets, of: samples, skipping: skipping)
        let ranks = communicator.count
        let numbers = Array(stride(from: communicator.rank, to: count, by: ranks))
        let own = try source.sets(at: numbers, of: samples, seed: seed, skipping: skipping)
            .map { try evaluation(of: [$0]) }
        return try Evaluation(
            merging: (0..<count).map { number in
                let isOwn = number % ranks == communicator.rank
                return try communicator.shared(
                    isOwn ? own[number / ranks] : nil, of: number % ranks)
            })
    }

    /// Throws if one of the metrics does not exist or cannot be computed for this data.
    private func check(_ names: [String]?) throws {
        func list(hasTest: Bool) -> [String] {
            (extractor.metrics(hasTest: hasTest) + (hasTest ? extractor.metricsOfLabelled : [])
                + registry.addedMetrics).flatMap { $0.names }
        }
        let known = list(hasTest: test != nil)
        for name in names ?? [] where !known.contains(name) {
            if list(hasTest: true).contains(name) {
                throw GanymedeError.dataUnsuitable(
                    "\(name) needs real samples that no training saw, and \(data.name) has no test split: "
                        + "a folder of IDX files may have one")
            }
            throw GanymedeError.unknownName(
                "there is no metric \"\(name)\" of \(data.name)."
                    + suggestion(for: name, among: known)
                    + " Metrics: \(known.joined(separator: ", "))")
        }
    }

    /// The confusion matrix of labels and the evaluator's predictions. Throws if there are no labels.
    public func confusion(samples: Int, seed: Int) throws -> Confusion {
        guard let names = extractor.classNames else {
            throw GanymedeError.invalidOption("a confusion is of images with one class each")
        }
        // For the dataset itself, use test images, which the evaluator was not trained on.
        let unseen = isReal ? test.map { SampleSource.samples($0) } : nil
        let set = try (unseen ?? source).sets(1, of: samples, seed: seed, skipping: 0)[0]
        let seen = try extractor.observe(set)
        let labels = try seen.knownLabels(for: "a confusion")
        return Confusion(seen.probabilities, labels: labels, classNames: names)
    }

    /// A grid with a row for each sample: the sample, then its nearest training images in the evaluator's feature
    /// space, nearest first. `progress` is told what takes long.
    public func neighbours(
        rows: Int = 10, columns: Int = 5, seed: Int, progress: (String) -> Void = { _ in }
    ) throws -> Raster {
        guard let size = extractor.extent.image else {
            throw GanymedeError.invalidOption(
                "neighbours are shown of images, and these are points")
        }
        if case .samples(let some, _) = source, some.count < rows {
            throw GanymedeError.tooFewSamples(
                "neighbours are shown of \(rows) samples, and \(some.name) holds \(some.count)")
        }
        guard training.count >= columns else {
            throw GanymedeError.tooFewSamples(
                "\(training.name) holds \(training.count) images, and \(columns) neighbours are shown"
            )
        }
        let samples = try source.sets(1, of: rows, seed: seed, skipping: 0)[0]
        let seen = try extractor.observe(samples).features
        progress("looking at all \(grouped(training.count)) images of \(training.name)")
        let nearest = try NearestNeighbours(
            of: seen,
            among: extractor.observe(training, cache: .standard).features, count: columns)
        let images = (0..<rows).flatMap { row in
            samples.pixels(of: row)
                + nearest.indices[row * columns..<(row + 1) * columns].flatMap {
                    training.pixels(of: $0)
                }
        }
        return Raster.grid(images, image: size, rows: rows, columns: columns + 1)
    }
}

extension DataSource {
    /// The test split with samples of `extent`; nil if there is none.
    func test(_ extent: SampleExtent, folders: DataFolders = .standard) throws -> Dataset? {
        if let known { return try known.load(.test, folders: folders).resized(to: extent) }
        guard Files.isDirectory(name), let images = IDX.testImages(in: name) else { return nil }
        return try Dataset(idx: images, name: name).resized(to: extent)
    }
}
