/// A metric's value for generated samples, and for as many real ones.
public struct Figure: Codable, Sendable, Equatable {
    /// The name for `--metrics`.
    public let name: String
    /// The mean over the sets of generated images.
    public let value: Double
    /// The value of real samples in place of generated ones.
    public let real: Double
    /// A one-line explanation.
    public let about: String
    /// The standard deviation over the sets; nil if there is only one.
    public let spread: Double?
}

/// The fraction of samples that the evaluator assigns to a class, generated and real.
public struct ClassShare: Codable, Sendable, Equatable {
    /// The evaluator's name for the class.
    public let name: String
    /// The fraction of generated samples, averaged over the sets, and of as many real ones.
    public let generated, real: Double
}

/// Identifies an evaluator. Metrics of different evaluators are not comparable.
public struct EvaluatorIdentity: Codable, Sendable, Equatable {
    /// The dataset that it was trained on.
    public let data: String
    /// The fraction of test images that it classifies correctly.
    public let accuracy: Double
    /// SHA-256 of its file.
    public let digest: String

    init(_ evaluator: Evaluator) {
        data = evaluator.data
        accuracy = evaluator.quality.accuracy
        digest = evaluator.digest
    }
}

/// Metrics of samples, and how they were computed.
public struct Evaluation: Codable, Sendable, Equatable {
    /// The dataset of the reference set.
    public let data: String
    /// The evaluator; nil for points.
    public let evaluator: EvaluatorIdentity?
    /// Samples in a set.
    public let samples: Int
    /// Sets of generated samples.
    public let sets: Int
    /// The random seed of the samples.
    public let seed: Int
    /// In the order of the metrics.
    public let figures: [Figure]
    /// The fraction of each class; empty if there are no classes or too many.
    public let classes: [ClassShare]
    /// The expected `mode_kl` of N samples drawn from the data's own class distribution; nil without classes or
    /// Gaussians.
    public let modeBias: Double?
    /// How the samples were converted before evaluation, and why metrics that were not requested by name are missing.
    public let notes: [String]

    /// Evaluates sets of samples, each as large as the reference set.
    ///
    /// - Parameters:
    ///   - sets: the samples, in sets of equal size.
    ///   - reference: real samples, and what extracts features.
    ///   - names: the metrics to compute; throws if one is undefined for these samples. Nil computes all that are
    ///     defined.
    ///   - data: the name of the dataset that the samples are compared with.
    ///   - notes: remarks on the samples.
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

    /// The evaluation of several sets from those of each.
    init(merging parts: [Evaluation]) {
        let first = parts[0]
        (data, evaluator, samples) = (first.data, first.evaluator, first.samples)
        (seed, modeBias) = (first.seed, first.modeBias)
        sets = parts.map(\.sets).reduce(0, +)
        figures = first.figures.compactMap { figure in
            let values = parts.compactMap { $0.figure(figure.name)?.value }
            guard values.count == parts.count else { return nil }
            return Figure(
                name: figure.name, value: mean(values), real: figure.real, about: figure.about,
                spread: values.count > 1 ? deviation(values) : nil)
        }
        classes = first.classes.enumerated().map { place, share in
            let shares = parts.compactMap { part in
                part.classes.indices.contains(place) ? part.classes[place].generated : nil
            }
            return ClassShare(name: share.name, generated: mean(shares), real: share.real)
        }
        notes = parts.flatMap(\.notes).reduce(into: []) { notes, note in
            if !notes.contains(note) { notes.append(note) }
        }
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

    /// The metric called `name`, if it was computed.
    public func figure(_ name: String) -> Figure? { figures.first { $0.name == name } }

    /// A JSON object: `data, evaluator: {data, accuracy, sha256}, samples, sets, seed, metrics: {fid: {value, real,
    /// spread}, ...}, mode_kl_bias, classes: [{name, value, real}, ...], notes: [...]`.
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
