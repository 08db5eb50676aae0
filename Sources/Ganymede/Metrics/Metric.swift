/// What a metric is computed from: equally many images of each kind, N.
public struct MetricInput: Sendable {
    /// The images that are judged.
    public var generated: Observation
    /// Random images of the training split.
    public var training: Observation
    /// Random images of the test split, which no training saw.
    public var held: Observation
    /// The share of each class in the data; nil where the classes are not known.
    public var classShares: [Double]?
    /// What random subsets are drawn with.
    public var seed: UInt64

    /// Equally many images of each kind.
    public init(
        generated: Observation, training: Observation, held: Observation,
        classShares: [Double]? = nil, seed: UInt64 = 0
    ) {
        self.generated = generated
        self.training = training
        self.held = held
        self.classShares = classShares
        self.seed = seed
    }
}

/// A figure, or a few that are computed together, that tell how good generated images are.
public protocol Metric: Sendable {
    /// The names of its figures, as `--metrics` takes them and JSON has them.
    static var names: [String] { get }
    /// Below this many images the figures mean nothing.
    static var minimumSamples: Int { get }
    /// Whether its real-versus-real figures take other training images for generated ones, not the test split.
    static var comparesSplits: Bool { get }
    /// A figure for each name. Throws a world's error where one would mean nothing.
    static func figures(_ input: MetricInput) throws -> [Double]
}

extension Metric {
    public static var comparesSplits: Bool { false }
}
