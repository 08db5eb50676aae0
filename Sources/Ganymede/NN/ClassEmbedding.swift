/// Appends a learned vector for the sample's class to a list of numbers: [N, D] to [N, D + outputDim]. `weight` is
/// [classes, outputDim]. For the first layer of a conditional generator.
///
/// Short vectors beside long noise work best: where the class outweighs the noise, a generator learns to ignore it.
public struct ClassEmbedding: Layer {
    public static let kind = "class_embedding"
    public var mixesSamples: Bool { false }
    public var classes: Int? { classCount }
    /// The number of classes.
    public let classCount: Int
    /// Values in a vector.
    public let outputDim: Int

    /// Vectors with standard normal initial values.
    public init(classes: Int, _ outputDim: Int) {
        classCount = classes
        self.outputDim = outputDim
    }

    public func fault(forSample shape: [Int]) -> String? {
        if !(1...65_536).contains(outputDim) {
            return "it appends 1 to 65,536 values, not \(outputDim)"
        }
        return shape.count == 1 ? nil : "it takes a list of numbers: put a Flatten before it"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let weight = context.parameter(
            "weight", [classCount, outputDim], .normal(standardDeviation: 1))
        return concatenate([x, context.condition(classCount).matmul(weight)], axis: 1)
    }
}
