/// The logit of a conditional discriminator: features [N, D] to [N, 1], x w + b + (x . V[class]) with a learned vector
/// for each class (Miyato and Koyama, "cGANs with projection discriminator", 2018). `weight` is [D, 1], `bias` [1],
/// `class_weight` [classes, D].
public struct ClassProjection: Layer {
    public static let kind = "class_projection"
    public var mixesSamples: Bool { false }
    public var classes: Int? { classCount }
    /// The number of classes.
    public let classCount: Int

    /// A projection on the vectors of `classes` classes.
    public init(classes: Int) { classCount = classes }

    public func fault(forSample shape: [Int]) -> String? {
        shape.count == 1 ? nil : "it takes a list of features: put a Flatten before it"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let features = x.shape[1]
        let weight = context.parameter("weight", [features, 1], .glorotUniform)
        let bias = context.parameter("bias", [1], .zeros)
        let vectors = context.parameter(
            "class_weight", [classCount, features], .normal(standardDeviation: 0.02))
        let own = context.condition(classCount).matmul(vectors)
        return x.matmul(weight) + bias + (own * x).sum(axes: [1]).reshape([x.shape[0], 1])
    }
}
