/// Batch normalization of x [..., C] over all axes but the last, with the statistics of the batch:
/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta. Returns y, mean [C] and the population variance [C].
/// Ioffe and Szegedy, 2015, as Keras computes it. A `slope` other than 1 applies a leaky ReLU to y; the pass
/// `fuseNormalization` sets it.
package struct BatchNormTraining: Fused {
    package let epsilon: Double
    package let slope: Double
    package init(epsilon: Double, slope: Double = 1) {
        self.epsilon = epsilon
        self.slope = slope
    }

    package var name: String { "batchNorm" }
    package var attributes: String { "epsilon=\(epsilon)" + (slope == 1 ? "" : " slope=\(slope)") }

    package var storage: StorageRule { .normalization(images: 1) }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 3, let channels = inputs[0].shape.dimensions.last,
            inputs[0].dtype.isFloat,
            inputs.dropFirst().allSatisfy({ $0 == TensorType([channels]) })
        else { throw GraphFault("batchNorm takes x [..., C], gamma [C], beta [C], not \(inputs)") }
        return [inputs[0], inputs[1], inputs[1]]
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        let (gamma, beta) = (inputs[1], inputs[2])
        let x = inputs[0].cast(.float32)
        let axes = Array(0..<x.shape.rank - 1)
        let mean = x.mean(axes: axes)
        let centered = x - mean
        let variance = (centered * centered).mean(axes: axes)
        let y = centered / (variance + epsilon).sqrt() * gamma + beta
        return [
            (slope == 1 ? y : y.leakyRelu(slope)).cast(inputs[0].type.dtype), mean, variance,
        ]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let (x, gamma, beta) = (context.inputs[0], context.inputs[1], context.inputs[2])
        let (mean, variance) = (context.outputs[1], context.outputs[2])
        let parts = x.builder.emitAll(
            BatchNormGradient(epsilon: epsilon, slope: slope),
            [context.cotangent(), x, gamma, beta, mean, variance])
        var dx = parts[0]
        let rows = Double(x.shape.count / gamma.shape.count)
        if let g = context.cotangents[1] { dx = dx + g / rows }
        if let g = context.cotangents[2] { dx = dx + (x - mean) * (g * (2 / rows)) }
        return [dx, parts[1], parts[2]]
    }
}

/// The gradient of ``BatchNormTraining``. Takes dy, x, gamma, beta, mean, variance; returns dx, dgamma, dbeta.
package struct BatchNormGradient: Fused {
    package let epsilon: Double
    package let slope: Double
    package init(epsilon: Double, slope: Double = 1) {
        self.epsilon = epsilon
        self.slope = slope
    }

    package var name: String { "batchNormGradient" }
    package var attributes: String { "epsilon=\(epsilon)" + (slope == 1 ? "" : " slope=\(slope)") }

    package var storage: StorageRule { .normalization(images: 2) }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 6, inputs[0] == inputs[1], inputs[0].dtype.isFloat else {
            throw GraphFault(
                "batchNormGradient takes dy, x, gamma, beta, mean, variance, not \(inputs)")
        }
        return [inputs[1], inputs[2], inputs[2]]
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        let (gamma, beta, mean, variance) = (inputs[2], inputs[3], inputs[4], inputs[5])
        var dy = inputs[0].cast(.float32)
        let x = inputs[1].cast(.float32)
        let axes = Array(0..<x.shape.rank - 1)
        let inverse = 1 / (variance + epsilon).sqrt()
        let normalized = (x - mean) * inverse
        if slope != 1 { dy = select(normalized * gamma + beta .> 0, dy, dy * slope) }
        let dbeta = dy.sum(axes: axes)
        let dgamma = (dy * normalized).sum(axes: axes)
        let rows = Double(x.shape.count / gamma.shape.count)
        let dx = gamma * inverse * (dy - (dbeta + normalized * dgamma) / rows)
        return [dx.cast(inputs[1].type.dtype), dgamma, dbeta]
    }
}

extension Tensor {
    /// This tensor [..., C] normalized with the statistics of all axes but the last.
    ///
    /// - Returns: y, and the mean and population variance [C] that were used.
    public func batchNormalized(
        gamma: Tensor, beta: Tensor, epsilon: Double
    ) -> (y: Tensor, mean: Tensor, variance: Tensor) {
        let parts = builder.emitAll(BatchNormTraining(epsilon: epsilon), [self, gamma, beta])
        return (parts[0], parts[1], parts[2])
    }
}
