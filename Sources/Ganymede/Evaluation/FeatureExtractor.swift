/// What turns samples into the numbers that metrics are computed from.
public enum FeatureExtractor: Sendable {
    /// A classifier that looks at whole images.
    case images(Evaluator)
    /// A classifier of grey images that looks at the three channels of stacked digits: 3 D features, and the
    /// probabilities of K^3 classes.
    case stacks(Evaluator)
    /// Nobody: the coordinates of points are their features.
    case points(GaussianMixture)

    /// The one for a dataset.
    ///
    /// - Parameter path: of an evaluator's file; nil for the evaluator that comes with the dataset. Throws a world's
    ///   error where there is none.
    public init(_ data: DataSource, evaluator path: String? = nil) throws {
        let evaluation = data.known?.features ?? .images
        let known: String
        switch evaluation {
        case .mixture(let mixture):
            self = .points(mixture)
            return
        case .stacks(let name): known = name
        case .images: known = data.name
        }
        guard
            let evaluator = try path.map(Evaluator.init(reading:)) ?? Evaluator.shipped(for: known)
        else {
            throw GanymedeError.notFound(
                "no evaluator comes with \(data.name)\(advice: ". Train one: ganymede evaluator train --data \(quoted(data.name)) -o evaluator.safetensors; then \(option: "evaluator") evaluator.safetensors")"
            )
        }
        guard evaluator.quality.isBetterThanChance(classes: evaluator.classNames.count) else {
            throw GanymedeError.dataUnsuitable(
                "the evaluator of \(evaluator.data) tells \(fixed(evaluator.quality.accuracy * 100, 1)) % of its test images right, no "
                    + "more than chance does: what it sees means nothing. Train one for longer, or of more images"
            )
        }
        if case .stacks = evaluation {
            self = .stacks(evaluator)
        } else {
            self = .images(evaluator)
        }
    }

    /// The metrics that mean something for what it sees.
    public var metrics: [any Metric.Type] {
        switch self {
        case .images: Metrics.all + Metrics.ofImages
        case .stacks: Metrics.all
        case .points: Metrics.ofPoints
        }
    }

    /// Of these, the ones that can be computed. Without a test split there is nothing to compare the training split with.
    func metrics(hasTest: Bool) -> [any Metric.Type] {
        metrics.filter { hasTest || !$0.comparesSplits }
    }

    /// Those that also need the samples' classes.
    public var metricsOfLabelled: [any Metric.Type] {
        if case .images = self { return Metrics.ofLabelled }
        return []
    }

    /// What the classes are called, where there are few enough to be counted one by one.
    var classNames: [String]? {
        if case .images(let evaluator) = self { return evaluator.classNames }
        return nil
    }

    /// Samples of each kind, where nobody says how many: what figures in the literature are computed from.
    public var defaultSamples: Int {
        switch self {
        case .images: 10_000
        case .stacks: 26_000
        case .points: 2_500
        }
    }

    /// Who looks at images.
    var evaluator: Evaluator? {
        switch self {
        case .images(let evaluator), .stacks(let evaluator): evaluator
        case .points: nil
        }
    }

    /// The Gaussians that points are from.
    var mixture: GaussianMixture? {
        if case .points(let mixture) = self { return mixture }
        return nil
    }

    /// What it sees.
    public var extent: SampleExtent {
        switch self {
        case .images(let evaluator): .image(evaluator.image)
        case .stacks(let evaluator): .image(evaluator.image.withChannels(3))
        case .points: .point
        }
    }

    /// Throws a world's error unless `extent` is what it can see.
    public func check(_ extent: SampleExtent, of name: String) throws {
        if extent == self.extent { return }
        let isOtherSize = (extent == .point) == (self.extent == .point)
        throw GanymedeError.mismatch(
            "\(name) holds \(extent), and \(self.extent) are evaluated here\(advice: isOtherSize ? ": give an \(option: "evaluator") that was trained with that \(option: "size") and \(option: "channels")" : "")"
        )
    }

    /// What it sees. Throws a world's error where the samples are of another size or kind.
    public func observe(_ samples: Dataset) throws -> Features {
        try check(samples.extent, of: samples.name)
        switch self {
        case .images(let evaluator):
            let seen = try evaluator.observe(
                samples.allPixels, image: evaluator.image, threads: EngineThread.threads)
            return Features(
                features: seen.features, probabilities: seen.probabilities,
                samples: samples.labelled(as: evaluator.classNames))
        case .stacks(let evaluator):
            return Features(stacking: try FeatureExtractor.channels(of: samples, evaluator))
        case .points:
            let points = samples.points ?? []
            let count = points.count / 2
            return Features(
                features: Matrix(rows: count, columns: 2, values: points),
                probabilities: Matrix(
                    rows: count, columns: 1, values: [Float](repeating: 1, count: count)))
        }
    }

    /// What an evaluator of grey images sees in each of three channels. Where these are grey images of a dataset, it looks
    /// at each of them once, however many stacks it is in.
    private static func channels(of samples: Dataset, _ evaluator: Evaluator) throws
        -> [Features]
    {
        let threads = EngineThread.threads
        guard case .stacks(let greys, let stacks, _) = samples.samples else {
            return try (0..<3).map {
                try evaluator.observe(
                    samples.pixels, image: evaluator.image.withChannels(3), channel: $0,
                    threads: threads)
            }
        }
        let used = Set(stacks).sorted()
        let area = evaluator.image.area
        let pixels = greys.rows(used.map(Int.init), of: area)
        let seen = try evaluator.observe(pixels, image: evaluator.image, threads: threads)
        var places = [Int](repeating: 0, count: greys.count / area)
        for (place, grey) in used.enumerated() { places[Int(grey)] = place }
        return (0..<3).map { channel in
            seen.picking(
                stride(from: channel, to: stacks.count, by: 3).map { places[Int(stacks[$0])] })
        }
    }
}

extension Features {
    /// What is seen in images of several channels, from what is seen in each: all features, and the probability of
    /// each combination of classes, the first channel's slowest.
    package init(stacking channels: [Features]) {
        let count = channels[0].count
        var features: [Float] = []
        var probabilities: [Float] = []
        for row in 0..<count {
            var joint: [Float] = [1]
            for channel in channels {
                features += channel.features.row(row)
                let own = channel.probabilities.row(row)
                joint = joint.flatMap { share in own.map { share * $0 } }
            }
            probabilities += joint
        }
        self.init(
            features: Matrix(
                rows: count, columns: features.count / max(count, 1), values: features),
            probabilities: Matrix(
                rows: count, columns: probabilities.count / max(count, 1), values: probabilities))
    }
}
