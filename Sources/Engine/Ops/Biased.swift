/// A product to whose result a bias and an activation can be added before it is stored.
package protocol BiasableProduct: Primitive {
    /// What the result is kept in.
    var result: DType { get }
    /// The same product with its result kept in another type.
    func storing(as result: DType) -> Self
}

extension BiasableProduct {
    /// This product with a bias and an activation behind it.
    package func biased(slope: Double) -> any Primitive { Biased(self, slope: slope) }
}

/// A product, a bias [K] added to each column or channel of its result [..., K], and a leaky ReLU: slope 1 is none.
/// Made by the pass `fuseBiases`, never by hand.
package struct Biased<Product: BiasableProduct>: Fused {
    package let product: Product
    package let slope: Double

    package init(_ product: Product, slope: Double) {
        self.product = product
        self.slope = slope
    }

    package var name: String { product.name + "Biased" }
    package var attributes: String {
        [product.attributes, slope == 1 ? "" : "slope=\(slope)"].filter { !$0.isEmpty }
            .joined(separator: " ")
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 3 else { throw GraphFault("\(name) takes a bias, not \(inputs)") }
        let made = try product.infer(Array(inputs.prefix(2)))
        guard made.count == 1, inputs[2] == TensorType([made[0].shape.dimensions.last ?? 0]) else {
            throw GraphFault("\(name) of \(made) cannot add the bias \(inputs[2])")
        }
        return made
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        let y =
            inputs[0].builder.emit(product.storing(as: .float32), inputs[0], inputs[1]) + inputs[2]
        return [(slope == 1 ? y : y.leakyRelu(slope)).cast(product.result)]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        gradientOfExpansion(context)
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        evaluateExpansion(inputs)
    }

    package func flops(_ inputs: [TensorType]) -> Double {
        product.flops(Array(inputs.prefix(2)))
    }
}

extension Convolution: BiasableProduct {
    package func storing(as result: DType) -> Convolution {
        Convolution(direction, window, result: result)
    }
}

extension MatMul: BiasableProduct {
    package func storing(as result: DType) -> MatMul {
        MatMul(transposeA: transposeA, transposeB: transposeB, result: result)
    }
}
