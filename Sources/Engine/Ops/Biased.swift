/// A matrix product or convolution that can add a bias and apply an activation before it stores its result.
package protocol BiasableProduct: Primitive {
    /// Element type of the stored result.
    var outputType: DType { get }
    /// The same product with its result stored in another type.
    func storing(as outputType: DType) -> Self
}

extension BiasableProduct {
    /// This product followed by a bias and a leaky ReLU.
    package func biased(slope: Double) -> any Primitive { Biased(self, slope: slope) }
}

/// A product, plus a bias [K] along the last axis of its result [..., K], then a leaky ReLU (slope 1: none). Created by
/// the pass `fuseBiases`.
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

    package var storage: StorageRule {
        guard case .product(let rounded, let mayStoreBFloat16, _) = product.storage else {
            return .float32
        }
        return .product(rounded: rounded, mayStoreBFloat16: mayStoreBFloat16) {
            product.storing(as: $0).biased(slope: slope)
        }
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
        return [(slope == 1 ? y : y.leakyRelu(slope)).cast(product.outputType)]
    }

    package func flops(_ inputs: [TensorType]) -> Double {
        product.flops(Array(inputs.prefix(2)))
    }
}

extension Convolution: BiasableProduct {
    package func storing(as outputType: DType) -> Convolution {
        Convolution(direction, window, outputType: outputType)
    }
}

extension MatMul: BiasableProduct {
    package func storing(as outputType: DType) -> MatMul {
        MatMul(transposeA: transposeA, transposeB: transposeB, outputType: outputType)
    }
}
