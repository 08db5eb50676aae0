/// Appends the sample's class as one channel for each class, 1 for its own and 0 for the others: images
/// [N, H, W, C] to [N, H, W, C + classes], lists [N, D] to [N, D + classes] (Mirza and Osindero, "Conditional generative
/// adversarial nets", 2014). For the first layer of a conditional discriminator or generator.
public struct ClassChannels: Layer {
    public static let kind = "class_channels"
    public var mixesSamples: Bool { false }
    public var classes: Int? { classCount }
    /// The number of classes.
    public let classCount: Int

    /// Channels for `classes` classes.
    public init(classes: Int) { classCount = classes }

    public func fault(forSample shape: [Int]) -> String? {
        shape.count == 1 || shape.count == 3 ? nil : "it takes images or a list of numbers"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let own = context.condition(classCount)
        let (batch, axis) = (x.shape[0], x.shape.rank - 1)
        let inner = x.shape.dimensions[1..<axis]
        let narrow = Shape([batch] + inner.map { _ in 1 } + [classCount])
        let planes = own.reshape(narrow).broadcast(to: Shape([batch] + inner + [classCount]))
        return concatenate([x, planes], axis: axis)
    }
}
