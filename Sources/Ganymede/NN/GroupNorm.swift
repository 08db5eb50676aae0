/// Group normalization (Wu and He, 2018), as Keras defines it: the channels of each sample are normalized in `groups`
/// groups, over all pixels. It does not mix samples, so it may stand under a gradient penalty.
public struct GroupNorm: Layer {
    public static let kind = "group_norm"
    public static var defaults: GroupNorm? { GroupNorm(groups: 0) }
    public var mixesSamples: Bool { false }
    /// The number of groups, which divides the channels.
    public let groups: Int
    /// Added to the variance, to avoid a division by zero.
    public let epsilon: Double

    /// A normalization with Keras's epsilon.
    public init(groups: Int, epsilon: Double = 1e-3) {
        self.groups = groups
        self.epsilon = epsilon
    }

    public func fault(forSample shape: [Int]) -> String? {
        guard let channels = shape.last else { return "it takes at least one axis of channels" }
        if groups < 1 || channels % groups != 0 {
            return "its groups divide the channels, and \(groups) does not divide \(channels)"
        }
        return epsilon > 0 ? nil : "its epsilon is above 0, and not \(epsilon)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let channels = x.shape[x.shape.rank - 1]
        let gamma = context.parameter("gamma", [channels], .ones)
        let beta = context.parameter("beta", [channels], .zeros)
        let pixels = x.shape.count / x.shape[0] / channels
        let grouped = x.reshape([x.shape[0], pixels, groups, channels / groups])
        return grouped.normalized(over: [1, 3], epsilon: epsilon).reshape(x.shape) * gamma + beta
    }
}
