/// A vector for each of a number of classes, as Keras's layer of this name: class numbers [N, ...] to
/// [N, ..., outputDim]. `weight` is [inputDim, outputDim]. A number that is no class becomes zeros.
public struct Embedding: Layer {
    public static let kind = "embedding"
    public var mixesSamples: Bool { false }
    /// Classes, numbered from 0.
    public let inputDim: Int
    /// Numbers in a vector.
    public let outputDim: Int

    /// Vectors that start uniform within +-0.05.
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
        // One row of zeros and a one for each number.
        let chosen = (x.reshape([x.shape.count, 1]) .== numbers).cast(.float32)
        return chosen.matmul(weight).reshape(Shape(x.shape.dimensions + [outputDim]))
    }
}
