/// A metric's figure for generated images, beside that of as many real ones.
public struct Figure: Sendable, Equatable {
    /// As `--metrics` takes it.
    public let name: String
    /// The mean over the sets of generated images.
    public let value: Double
    /// Of real images in place of the generated ones.
    public let real: Double
    /// What it says, in a line.
    public let about: String
    /// The standard deviation over the sets; nil where there is one set.
    public let spread: Double?
}

/// The share of a class in generated samples, as the evaluator sees them, beside that in as many real ones.
public struct ClassShare: Sendable, Equatable {
    /// What the evaluator calls it.
    public let name: String
    /// The mean over the sets of generated samples, and that of real ones.
    public let generated, real: Double
}

/// Which evaluator looked at samples. Figures of two of them are not to be compared.
public struct EvaluatorIdentity: Sendable, Equatable {
    /// The dataset that it has learned from.
    public let data: String
    /// The share of test images that it classifies correctly.
    public let accuracy: Double
    /// SHA-256 of its file.
    public let digest: String

    init(_ evaluator: Evaluator) {
        data = evaluator.data
        accuracy = evaluator.quality.accuracy
        digest = evaluator.digest
    }
}

/// How good samples are, and what that was computed from.
public struct Evaluation: Sendable, Equatable {
    /// The dataset that they are judged by.
    public let data: String
    /// Who looked; nil where the samples are points.
    public let evaluator: EvaluatorIdentity?
    /// Samples in a set.
    public let samples: Int
    /// Sets of generated samples.
    public let sets: Int
    /// What the samples were drawn with.
    public let seed: Int
    /// In the order of the metrics.
    public let figures: [Figure]
    /// How often each class is seen; none where the evaluator knows too many, or none.
    public let classes: [ClassShare]
    /// What `mode_kl` is on average of N samples of the data's own shares; nil where there are no classes, or Gaussians.
    public let modeBias: Double?
    /// What was done to the samples so that they could be judged, and why figures that nobody asked for by name are
    /// missing.
    public let notes: [String]

    /// Judges sets of samples, of as many samples each as the reference set's own.
    ///
    /// - Parameters:
    ///   - names: the figures that are wanted: one that means nothing for these samples throws, and says why. Nil for
    ///     all that mean something.
    ///   - notes: what a reader should know of the samples.
    public init(
        of sets: [Dataset], by reference: ReferenceSet, names: [String]? = nil, data: String,
        notes: [String] = []
    ) throws {
        let seen = try sets.map { try reference.observe($0) }
        var figures: [Figure] = []
        var notes = notes
        let areLabelled = seen.allSatisfy { $0.samples?.labels != nil }
        let ofLabelled = areLabelled || names != nil ? reference.metricsOfLabelled : []
        for metric in reference.metrics + ofLabelled
        where names?.contains(where: metric.names.contains) ?? !metric.isSlow {
            do {
                figures += try Evaluation.figures(metric, of: seen, by: reference)
            } catch let error as GanymedeError where names == nil {
                notes.append("left out: \(error)")
            }
        }
        self.figures = figures.filter { names?.contains($0.name) ?? true }
        if names == nil {
            notes += reference.missing
            if !areLabelled, !reference.metricsOfLabelled.isEmpty,
                sets.allSatisfy({ $0.labels != nil })
            {
                notes.append(
                    "left out: gan_test: a class of the samples is not called as any of the evaluator's"
                )
            }
        }
        self.notes = notes
        classes = reference.samples < Modes.minimumSamples ? [] : reference.classShares(of: seen)
        let known = reference.modeCount
        modeBias = known > 1 ? ClassHistogram.bias(classes: known, samples: reference.samples) : nil
        evaluator = reference.evaluator
        self.data = data
        self.sets = sets.count
        samples = reference.samples
        seed = reference.seed
    }

    private static func figures(
        _ metric: any Metric.Type, of sets: [Features], by reference: ReferenceSet
    ) throws -> [Figure] {
        let found = try sets.map { try reference.figures(metric, of: $0) }
        let real = try reference.realFigures(metric)
        return metric.names.enumerated().map { place, name in
            let values = found.map { $0[place] }
            return Figure(
                name: name, value: mean(values), real: real[place], about: metric.about[place],
                spread: values.count > 1 ? deviation(values) : nil)
        }
    }

    /// The figure called `name`, if it was computed.
    public func figure(_ name: String) -> Figure? { figures.first { $0.name == name } }

    /// One object: `data, evaluator: {data, accuracy, sha256}, samples, sets, seed, metrics: {fid: {value, real, spread},
    /// ...}, mode_kl_bias, classes: [{name, value, real}, ...], notes: [...]`.
    public var json: String {
        let metrics = figures.map { figure in
            (
                figure.name,
                JSONValue.object([
                    "value": .number(figure.value), "real": .number(figure.real),
                    "spread": figure.spread.map(JSONValue.number) ?? .null,
                ])
            )
        }
        return JSONValue.object([
            "data": .string(data),
            "evaluator": evaluator.map {
                .object([
                    "data": .string($0.data), "accuracy": .number($0.accuracy),
                    "sha256": .string($0.digest),
                ])
            } ?? .null, "samples": .integer(samples), "sets": .integer(sets),
            "seed": .integer(seed),
            "metrics": .object(Dictionary(uniqueKeysWithValues: metrics)),
            "notes": .array(notes.map(JSONValue.string)),
            "mode_kl_bias": modeBias.map(JSONValue.number) ?? .null,
            "classes": .array(
                classes.map {
                    .object([
                        "name": .string($0.name), "value": .number($0.generated),
                        "real": .number($0.real),
                    ])
                }),
        ]).text
    }
}
