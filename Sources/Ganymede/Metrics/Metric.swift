/// What a metric is computed from: equally many images of each kind, N.
public struct MetricInput: Sendable {
    /// The images that are judged.
    public var generated: Features
    /// Random images of the training split: what the generated ones are compared with.
    public var training: Features
    /// Random images of the test split, which no training saw.
    public var held: Features
    /// The share of each class in the data, [K], summing to 1; nil where the classes are not known.
    public var classShares: [Double]?
    /// The Gaussians that points are drawn from; nil where the samples are images.
    public var toy: GaussianMixture?
    /// The whole training split; nil where the samples are no images.
    public var trainingSet: ImageSet?
    /// What random subsets are drawn with.
    public var seed: UInt64
    /// Told what is being done, by what takes long.
    public var progress: @Sendable (String) -> Void = { _ in }

    /// Equally many images of each kind.
    public init(
        generated: Features, training: Features, held: Features,
        classShares: [Double]? = nil, toy: GaussianMixture? = nil, seed: UInt64 = 0
    ) {
        self.generated = generated
        self.training = training
        self.held = held
        self.classShares = classShares
        self.toy = toy
        self.seed = seed
    }
}

/// A figure, or a few that are computed together, that tell how good generated images are.
///
/// To add one, write a file like `Score.swift` and its line in ``Metrics/all``.
public protocol Metric: Sendable {
    /// The names of its figures, as `--metrics` takes them and JSON has them.
    static var names: [String] { get }
    /// What each figure says, in a line.
    static var about: [String] { get }
    /// Below this many images the figures mean nothing.
    static var minimumSamples: Int { get }
    /// Whether its real-versus-real figures take other training images for generated ones, not the test split.
    static var comparesSplits: Bool { get }
    /// Whether it takes minutes, and is therefore computed only where it is asked for by name.
    static var isSlow: Bool { get }
    /// A figure for each name, of an input that ``Metrics/figures(_:_:)`` has checked. Throws a world's error where
    /// one would mean nothing.
    static func figures(_ input: MetricInput) throws -> [Double]
}

extension Metric {
    public static var comparesSplits: Bool { false }
    public static var isSlow: Bool { false }
}

extension MetricInput {
    /// The observations beside what messages call them.
    private var kinds: [(name: String, observation: Features)] {
        [("generated", generated), ("training", training), ("test", held)]
    }

    /// Throws a world's error unless there are equally many images of each kind, seen by one evaluator, all numbers
    /// are finite, probabilities are such, and the training images are not all one.
    package func check() throws {
        for (name, observation) in kinds {
            let (features, probabilities) = (observation.features, observation.probabilities)
            guard observation.count == generated.count else {
                throw GanymedeError.world(
                    "\(observation.count) \(name) images beside \(generated.count) generated ones: take equally many"
                )
            }
            guard features.columns == generated.features.columns, features.columns > 0,
                probabilities.columns == generated.probabilities.columns
            else {
                throw GanymedeError.world(
                    "\(features.columns) features and \(probabilities.columns) classes of \(name) images beside "
                        + "\(generated.features.columns) and \(generated.probabilities.columns) of generated ones: "
                        + "let one evaluator see all of them")
            }
            if let row = features.firstRow(where: { !$0.allSatisfy(\.isFinite) }) {
                throw GanymedeError.world(
                    "the features of \(name) image \(row) are not all finite: are its pixels?")
            }
            if let row = probabilities.firstRow(where: { !isDistribution($0.map(Double.init)) }) {
                throw GanymedeError.world(
                    "the class probabilities of \(name) image \(row) do not sum to 1, or one is negative"
                )
            }
        }
        guard training.features.firstRow(where: { $0 != training.features.row(0) }) != nil else {
            throw GanymedeError.world(
                "all \(training.count) training images are the same to the evaluator: nothing can be compared with them"
            )
        }
    }
}

/// Whether none of the shares is negative and they sum to 1, as far as floats do; an empty list counts too.
func isDistribution(_ shares: [Double]) -> Bool {
    shares.isEmpty || shares.allSatisfy { $0 >= 0 } && abs(shares.reduce(0, +) - 1) < 1e-3
}
