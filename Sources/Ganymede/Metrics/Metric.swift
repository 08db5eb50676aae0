/// The input of a metric: equally many images of each kind, N.
public struct MetricInput: Sendable {
    /// The generated images.
    public var generated: Features
    /// Random images of the training split, with which the generated ones are compared.
    public var training: Features { didSet { known = RealFigures() } }
    /// Random images of the test split, not used in training.
    public var test: Features { didSet { known = RealFigures() } }
    /// The share of each class in the data, [K], summing to 1; nil if the classes are not known.
    public var classShares: [Double]?
    /// The mixture that real points are drawn from; nil if the samples are images.
    public var mixture: GaussianMixture?
    /// The whole training split; nil if the samples are not images.
    public var trainingSet: ImageSet?
    /// The random seed of subsets.
    public var seed: UInt64 { didSet { known = RealFigures() } }
    /// What is known of the real samples from earlier evaluations.
    package var known = RealFigures()
    /// Called by slow metrics with a text about their progress.
    public var progress: @Sendable (String) -> Void = { _ in }

    /// Equally many images of each kind.
    public init(
        generated: Features, training: Features, test: Features,
        classShares: [Double]? = nil, mixture: GaussianMixture? = nil, seed: UInt64 = 0
    ) {
        self.generated = generated
        self.training = training
        self.test = test
        self.classShares = classShares
        self.mixture = mixture
        self.seed = seed
    }
}

/// A metric of the quality of generated images: one figure, or several that are computed together.
///
/// To add one, write a file like `Score.swift` and its line in ``Metrics/all``.
public protocol Metric: Sendable {
    /// The names of its figures, as `--metrics` takes them and JSON has them.
    static var names: [String] { get }
    /// A one-line description of each figure.
    static var about: [String] { get }
    /// The fewest images for which the figures are meaningful.
    static var minimumSamples: Int { get }
    /// Whether its real-versus-real figures use other training images as generated ones, instead of the test split.
    static var comparesSplits: Bool { get }
    /// Whether it takes minutes. Such metrics are computed only if they are requested by name.
    static var isSlow: Bool { get }
    /// A figure for each name, from an input that ``Metrics/figures(_:_:)`` has checked. Throws a `world` error if a
    /// figure would mean nothing.
    static func figures(_ input: MetricInput) throws -> [Double]
}

extension Metric {
    public static var comparesSplits: Bool { false }
    public static var isSlow: Bool { false }
}

extension MetricInput {
    /// The features of each kind of images, with the kind's name in messages.
    private var kinds: [(name: String, observation: Features)] {
        [("generated", generated), ("training", training), ("test", test)]
    }

    /// Throws a `world` error unless there are equally many images of each kind, with features of one evaluator. Also
    /// throws for NaN or infinity, invalid probabilities, or training images that are all the same.
    package func check() throws {
        for (name, observation) in kinds {
            let (features, probabilities) = (observation.features, observation.probabilities)
            guard observation.count == generated.count else {
                throw GanymedeError.metricUndefined(
                    "\(observation.count) \(name) images beside \(generated.count) generated ones: take equally many"
                )
            }
            guard features.columns == generated.features.columns, features.columns > 0,
                probabilities.columns == generated.probabilities.columns
            else {
                throw GanymedeError.metricUndefined(
                    "\(features.columns) features and \(probabilities.columns) classes of \(name) images beside "
                        + "\(generated.features.columns) and \(generated.probabilities.columns) of generated ones: "
                        + "use one evaluator for all of them")
            }
            if let row = features.firstRow(where: { !$0.allSatisfy(\.isFinite) }) {
                throw GanymedeError.metricUndefined(
                    "the features of \(name) image \(row) are not all finite: are its pixels?")
            }
            if let row = probabilities.firstRow(where: { !isDistribution($0.map(Double.init)) }) {
                throw GanymedeError.metricUndefined(
                    "the class probabilities of \(name) image \(row) do not sum to 1, or one is negative"
                )
            }
        }
        guard training.features.firstRow(where: { $0 != training.features.row(0) }) != nil else {
            throw GanymedeError.metricUndefined(
                "all \(training.count) training images are the same to the evaluator: nothing can be compared with them"
            )
        }
    }
}

/// Whether no share is negative and they sum to 1 within 0.001; also true for an empty list.
func isDistribution(_ shares: [Double]) -> Bool {
    shares.isEmpty || shares.allSatisfy { $0 >= 0 } && abs(shares.reduce(0, +) - 1) < 1e-3
}
