/// A vector for each of a number of classes, as Keras's layer of this name: class numbers [N, ...] to
/// [N, ..., outputs]. `weight` is [classes, outputs]. A number that is no class becomes zeros.
public struct Embedding: Layer {
    public static let kind = "embedding"
    /// Classes, numbered from 0.
    public let classes: Int
    /// Numbers in a vector.
    public let outputs: Int

    /// Vectors that start uniform within +-0.05.
    public init(_ classes: Int, _ outputs: Int) {
        self.classes = classes
        self.outputs = outputs
    }

    public func fault(forSample shape: [Int]) -> String? {
        let range = 1...1_000_000
        if !range.contains(classes) || !range.contains(outputs) {
            return "it takes 1 to 1,000,000 classes and outputs, not \(classes) and \(outputs)"
        }
        return shape.count < 3 ? nil : "it takes class numbers of at most two axes"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let weight = context.parameter("weight", [classes, outputs], .uniform(limit: 0.05))
        let numbers = context.constant([1, classes], (0..<classes).map(Double.init))
        // One row of zeros and a one for each number.
        let chosen = (x.reshape([x.shape.count, 1]) .== numbers).cast(.float32)
        return chosen.matmul(weight).reshape(Shape(x.shape.dimensions + [outputs]))
    }
}
