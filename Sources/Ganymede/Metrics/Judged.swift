/// Samples that are to be judged, and the dataset that they are judged by.
public struct Judged {
    /// What real samples look like.
    public let data: DataSource
    private let source: SampleSource
    private let observer: Observer
    private let training: Dataset
    private let test: Dataset?
    /// Whether the samples are the dataset's own.
    private let isReal: Bool

    /// Loads both.
    ///
    /// - Parameters:
    ///   - path: a run, a checkpoint, a folder of pictures, a `.npy` or IDX file, or a dataset by name.
    ///   - data: the dataset; nil for the one that a run learned from, or that `path` names, and MNIST for files.
    ///   - evaluator: the path of an evaluator's file; nil for the one that comes with the dataset.
    public init(_ path: String, data: String?, evaluator: String?) throws {
        self.data = DataSource(try data ?? Judged.data(of: path))
        observer = try Observer(self.data, evaluator: evaluator)
        source = try SampleSource(path, image: observer.image)
        try observer.check(source.image, of: path)
        isReal = path == self.data.name
        training = try self.data.load(observer.image ?? Dataset.point)
        test = try self.data.test(training.image)
    }

    /// The dataset that a run learned from, as it says itself.
    private static func data(of path: String) throws -> String {
        if NamedDataset.named(path) != nil { return path }
        guard SampleSource.isGenerator(path) else { return DataSource.mnist.name }
        // A checkpoint lies in a folder of its run's.
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        let run = Files.isDirectory(path) ? path : parts.joined(separator: "/")
        guard Files.exists(RunDirectory(path: run).configPath) else {
            throw GanymedeError.usage(
                "\(path) is not in its run's folder, which says what it learned from: add --data")
        }
        return try RunDirectory.open(run).options().data
    }

    /// Samples of each kind, where nobody says how many.
    public var usualSamples: Int { observer.usualSamples }

    /// How good the samples are.
    ///
    /// - Parameters:
    ///   - names: the figures that are wanted; nil for all.
    ///   - samples: samples in a set.
    ///   - sets: sets of generated samples, where there are as many.
    ///   - progress: told what is being done.
    public func evaluation(
        names: [String]?, samples: Int, sets: Int, seed: Int,
        progress: @escaping @Sendable (_ doing: String) -> Void = { _ in }
    ) throws -> Evaluation {
        if case .generator = source { progress("making samples") }
        // Where the dataset itself is judged, what it is compared with is left out.
        let found = try source.sets(
            sets, of: samples, seed: seed, skipping: isReal ? samples : 0)
        let judge = try Judge(
            training: training, test: test, observer: observer, samples: samples, seed: seed,
            progress: progress)
        let known = (judge.metrics + judge.metricsOfLabelled).flatMap { $0.names }
        for name in names ?? [] where !known.contains(name) {
            throw GanymedeError.usage(
                "there is no metric \"\(name)\" of \(data.name)."
                    + suggestion(for: name, among: known)
                    + " Metrics: \(known.joined(separator: ", "))")
        }
        return try Evaluation(of: found, by: judge, names: names, data: data.name)
    }

    /// Samples, each beside the training images that are nearest to it in the evaluator's features, nearest first.
    public func neighbours(rows: Int = 10, columns: Int = 5, seed: Int) throws -> Raster {
        let samples = try source.sets(1, of: rows, seed: seed, skipping: 0)[0]
        guard samples.points == nil else {
            throw GanymedeError.usage("neighbours are shown of images, and these are points")
        }
        let nearest = try NearestNeighbours(
            of: observer.observe(samples).features, among: observer.observe(training).features,
            count: columns)
        let images = (0..<rows).flatMap { row in
            samples.pixels(of: row)
                + nearest.indices[row * columns..<(row + 1) * columns].flatMap {
                    training.pixels(of: $0)
                }
        }
        return Raster.grid(images, image: samples.image, rows: rows, columns: columns + 1)
    }
}

extension DataSource {
    /// Samples of the same kind that are not for training, with the extents `image`; nil where there are none.
    func test(_ image: [Int], folders: DataFolders = .standard) throws -> Dataset? {
        if let known = NamedDataset.named(name) {
            return try known.load(.test, folders: folders).resized(to: image)
        }
        guard Files.isDirectory(name), let images = IDX.testImages(in: name) else { return nil }
        return try Dataset(idx: images, name: name).resized(to: image)
    }
}
