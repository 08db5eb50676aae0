/// [batch, ...] to [batch, all the rest].
public struct Flatten: Layer {
    public static let kind = "flatten"
    public var mixesSamples: Bool { false }
    /// A flattening.
    public init() {}
    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        x.reshape([x.shape[0], x.shape.count / max(x.shape[0], 1)])
    }
}

/// The same values in another shape; the batch axis stays.
public struct Reshape: Layer {
    public static let kind = "reshape"
    public var mixesSamples: Bool { false }
    /// The new shape of one sample.
    public let shape: [Int]

    /// A reshaping of each sample: `Reshape(28, 28, 1)`.
    public init(_ shape: Int...) { self.init(shape) }

    /// A reshaping of each sample to the given extents.
    public init(_ shape: [Int]) { self.shape = shape }

    public func fault(forSample input: [Int]) -> String? {
        let sizes = 1...1_000_000
        if shape.count <= 3, shape.allSatisfy(sizes.contains),
            input.reduce(1, *) == shape.reduce(1, *)
        {
            return nil
        }
        return "it cannot make \(shape) of them"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        x.reshape(Shape([x.shape[0]] + shape))
    }
}
