/// Batch normalization with a scale and an offset for each class (Dumoulin et al., "A learned representation for
/// artistic style", 2017; de Vries et al., 2017). `gamma` and `beta` are [classes, C]; the statistics are those of the
/// whole batch, as in ``BatchNorm``. For conditional generators.
public struct ConditionalBatchNorm: Layer {
    public static let kind = "conditional_batch_norm"
    public static var defaults: ConditionalBatchNorm? { ConditionalBatchNorm(classes: 0) }
    public var classes: Int? { classCount }
    /// The number of classes.
    public let classCount: Int
    /// The share of the moving statistics that is kept at each step.
    public let momentum: Double
    /// Added to the variance, to avoid a division by zero.
    public let epsilon: Double

    /// A normalization with Keras's defaults.
    public init(classes: Int, momentum: Double = 0.99, epsilon: Double = 1e-3) {
        classCount = classes
        self.momentum = momentum
        self.epsilon = epsilon
    }

    public func fault(forSample shape: [Int]) -> String? {
        BatchNorm(momentum: momentum, epsilon: epsilon).fault(forSample: shape)
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let channels = x.shape[x.shape.rank - 1]
        let ones = x.shape.dimensions[1..<x.shape.rank - 1].map { _ in 1 }
        let perSample = Shape([x.shape[0]] + ones + [channels])
        func table(_ name: String, _ initializer: Initializer) -> Tensor {
            let values = context.parameter(name, [classCount, channels], initializer)
            return context.condition(classCount).matmul(values).reshape(perSample)
        }
        let normalized = BatchNorm(momentum: momentum, epsilon: epsilon)
            .normalize(x, context, gamma: nil, beta: nil)
        return normalized * table("gamma", .ones) + table("beta", .zeros)
    }
}
