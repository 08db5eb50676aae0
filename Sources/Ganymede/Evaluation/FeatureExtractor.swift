/// Computes the features of samples that metrics use.
public enum FeatureExtractor: Sendable {
    /// A classifier of whole images.
    case images(Evaluator)
    /// A classifier of grey images, applied to each of the three channels: 3 D features, and the probabilities of K^3
    /// classes.
    case stacks(Evaluator)
    /// No classifier: the features of points are their coordinates.
    case points(GaussianMixture)

    /// The extractor for a dataset.
    ///
    /// - Parameters:
    ///   - data: the dataset.
    ///   - path: of an evaluator's file; nil for the evaluator that comes with the dataset. Throws if there is none.
    public init(_ data: DataSource, evaluator path: String? = nil) throws {
        let evaluation = data.known?.features ?? .images
        let known: String
        switch evaluation {
        case .mixture(let mixture):
            self = .points(mixture)
            return
        case .stacks(let name): known = name
        case .images: known = data.known?.evaluatorName ?? data.name
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
                "the evaluator of \(evaluator.data) has an accuracy of \(fixed(evaluator.quality.accuracy * 100, 1)) % on its test images, no "
                    + "better than chance: its features mean nothing. Train one for longer, or on more images"
            )
        }
        if case .stacks = evaluation {
            self = .stacks(evaluator)
        } else {
            self = .images(evaluator)
        }
    }

    /// The metrics that are defined for its samples.
    public var metrics: [any Metric.Type] {
        switch self {
        case .images(let evaluator):
            (evaluator.supervision == .labels ? Metrics.all : Metrics.ofFeatures) + Metrics.ofImages
        case .stacks: Metrics.all
        case .points: Metrics.ofPoints
        }
    }

    /// The metrics that can be computed with or without a test split. Some compare the splits and need one.
    func metrics(hasTest: Bool) -> [any Metric.Type] {
        metrics.filter { hasTest || !$0.comparesSplits }
    }

    /// Metrics that also need labelled samples.
    public var metricsOfLabelled: [any Metric.Type] {
        if case .images(let evaluator) = self, evaluator.supervision == .labels {
            return Metrics.ofLabelled
        }
        return []
    }

    /// The names of the classes; nil for stacks, which have too many, and for points.
    var classNames: [String]? {
        if case .images(let evaluator) = self, evaluator.supervision == .labels {
            return evaluator.classNames
        }
        return nil
    }

    /// The default number of samples in a set, as is common in the literature.
    public var defaultSamples: Int {
        switch self {
        case .images: 10_000
        case .stacks: 26_000
        case .points: 2_500
        }
    }

    /// The classifier; nil for points.
    var evaluator: Evaluator? {
        switch self {
        case .images(let evaluator), .stacks(let evaluator): evaluator
        case .points: nil
        }
    }

    /// The distribution of points; nil for images.
    var mixture: GaussianMixture? {
        if case .points(let mixture) = self { return mixture }
        return nil
    }

    /// The type of samples that it takes.
    public var extent: SampleExtent {
        switch self {
        case .images(let evaluator): .image(evaluator.image)
        case .stacks(let evaluator): .image(evaluator.image.withChannels(3))
        case .points: .point
        }
    }

    /// Throws unless samples of `extent` are supported.
    public func check(_ extent: SampleExtent, of name: String) throws {
        if extent == self.extent { return }
        let isOtherSize = (extent == .point) == (self.extent == .point)
        throw GanymedeError.mismatch(
            "\(name) holds \(extent), and \(self.extent) are evaluated here\(advice: isOtherSize ? ": give an \(option: "evaluator") that was trained with that \(option: "size") and \(option: "channels")" : "")"
        )
    }

    /// The features of samples. Throws if they have another size or type.
    public func observe(_ samples: Dataset) throws -> Features {
        try observe(samples, cache: nil)
    }

    /// The same, from a cache if the samples were seen before.
    func observe(_ samples: Dataset, cache: FeatureCache?) throws -> Features {
        try check(samples.extent, of: samples.name)
        switch self {
        case .images(let evaluator):
            let seen = try evaluator.observe(
                samples.allPixels, image: evaluator.image, threads: EngineThread.threads,
                cache: cache)
            return Features(
                features: seen.features, probabilities: seen.probabilities,
                samples: samples.labelled(
                    as: evaluator.supervision == .labels ? evaluator.classNames : []))
        case .stacks(let evaluator):
            return Features(
                stacking: try FeatureExtractor.channels(of: samples, evaluator, cache))
        case .points:
            let points = samples.points ?? []
            let count = points.count / 2
            return Features(
                features: Matrix(rows: count, columns: 2, values: points),
                probabilities: Matrix(
                    rows: count, columns: 1, values: [Float](repeating: 1, count: count)))
        }
    }

    /// The features of each of three channels, by an evaluator of grey images. If stacks share grey images, each grey
    /// image is evaluated once.
    private static func channels(
        of samples: Dataset, _ evaluator: Evaluator, _ cache: FeatureCache?
    ) throws -> [Features] {
        let threads = EngineThread.threads
        guard case .stacks(let greys, let stacks, _) = samples.samples else {
            return try (0..<3).map {
                try evaluator.observe(
                    samples.pixels, image: evaluator.image.withChannels(3), channel: $0,
                    threads: threads, cache: cache)
            }
        }
        let used = Set(stacks).sorted()
        let area = evaluator.image.area
        let pixels = greys.rows(used.map(Int.init), of: area)
        let seen = try evaluator.observe(
            pixels, image: evaluator.image, threads: threads, cache: cache)
        var places = [Int](repeating: 0, count: greys.count / area)
        for (place, grey) in used.enumerated() { places[Int(grey)] = place }
        return (0..<3).map { channel in
            seen.picking(
                stride(from: channel, to: stacks.count, by: 3).map { places[Int(stacks[$0])] })
        }
    }
}

extension Features {
    /// Combines the features of several channels: features are concatenated, and the probability of each combination of
    /// classes is the product, the first channel's class varying slowest.
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
