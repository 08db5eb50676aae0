/// A learned vector for each class, as Keras's `Embedding`: class numbers [N, ...] to [N, ..., outputDim]. `weight` is
/// [inputDim, outputDim]. A number that is no class gives zeros.
public struct Embedding: Layer {
    public static let kind = "embedding"
    public var mixesSamples: Bool { false }
    /// The number of classes; they are numbered from 0.
    public let inputDim: Int
    /// Values in a vector.
    public let outputDim: Int

    /// Vectors that are initialized uniformly within +-0.05.
    public init(_ inputDim: Int, _ outputDim: Int) {
        self.inputDim = inputDim
        self.outputDim = outputDim
    }

    public func fault(forSample shape: [Int]) -> String? {
        let range = 1...65_536
        if !range.contains(inputDim) || !range.contains(outputDim) {
            return "it takes 1 to 65,536 classes and outputs, not \(inputDim) and \(outputDim)"
        }
        return shape.count < 3 ? nil : "it takes class numbers of at most two axes"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let weight = context.parameter("weight", [inputDim, outputDim], .uniform(limit: 0.05))
        let numbers = context.constant([1, inputDim], (0..<inputDim).map(Double.init))
        // A one-hot row for each class number.
        let chosen = (x.reshape([x.shape.count, 1]) .== numbers).cast(.float32)
        return chosen.matmul(weight).reshape(Shape(x.shape.dimensions + [outputDim]))
    }
}
