/// One step of Adam (Kingma and Ba, 2015) in Keras's form. Takes w, g, m, v and the scalar
/// `stepSize` = lr sqrt(1 - beta2^t) / (1 - beta1^t); returns the new w, m, v:
/// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, w = w - stepSize m / (sqrt(v) + epsilon).
package struct AdamUpdate: Fused {
    package let beta1: Double
    package let beta2: Double
    package let epsilon: Double
    /// Whether it also returns the new w in bf16, for matrix products. Set by the pass `lowerPrecision`.
    package let emitsBFloat16: Bool

    package init(beta1: Double, beta2: Double, epsilon: Double, emitsBFloat16: Bool = false) {
        self.emitsBFloat16 = emitsBFloat16
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    package var name: String { "adam" }
    package var checksFiniteness: Bool { true }
    package var attributes: String {
        "beta1=\(beta1) beta2=\(beta2) epsilon=\(epsilon)" + (emitsBFloat16 ? " bf16" : "")
    }

    package var storage: StorageRule {
        .update(place: 3) {
            AdamUpdate(beta1: beta1, beta2: beta2, epsilon: epsilon, emitsBFloat16: true)
        }
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 5, inputs[4].shape == .scalar,
            inputs.prefix(4).allSatisfy({ $0 == inputs[0] })
        else { throw GraphFault("adam takes w, g, m, v and a scalar step size, not \(inputs)") }
        let copy = TensorType(inputs[0].shape, .bfloat16)
        return [inputs[0], inputs[0], inputs[0]] + (emitsBFloat16 ? [copy] : [])
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        let (w, g, stepSize) = (inputs[0], inputs[1], inputs[4])
        let m = inputs[2] * beta1 + g * (1 - beta1)
        let v = inputs[3] * beta2 + g * g * (1 - beta2)
        let updated = w - stepSize * m / (v.sqrt() + epsilon)
        return [updated, m, v] + (emitsBFloat16 ? [updated.cast(.bfloat16)] : [])
    }

    package func inPlaceInputs(forOutput output: Int) -> [Int] { [[0], [2], [3], []][output] }
}

extension Tensor {
    /// This weight after one step of Adam, with the new moments.
    public func adamUpdated(
        gradient: Tensor, m: Tensor, v: Tensor, stepSize: Tensor, beta1: Double, beta2: Double,
        epsilon: Double
    ) -> (weight: Tensor, m: Tensor, v: Tensor) {
        let update = AdamUpdate(beta1: beta1, beta2: beta2, epsilon: epsilon)
        let parts = builder.emitAll(update, [self, gradient, m, v, stepSize])
        return (parts[0], parts[1], parts[2])
    }
}
