/// A convolution or its input gradient, then the gradient of a leaky ReLU: the result is multiplied by the slope where the third
/// input, of the result's shape, is not positive. Created by the pass `fuseGates`.
package struct Gated: Fused {
    package let convolution: Convolution
    package let slope: Double

    package init(_ convolution: Convolution, slope: Double) {
        self.convolution = convolution
        self.slope = slope
    }

    package var name: String { convolution.name + "Gated" }
    package var attributes: String { "\(convolution.attributes) slope=\(slope)" }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        let made = try convolution.infer(Array(inputs.prefix(2)))
        guard inputs.count == 3, made == [inputs[2]] else {
            throw GraphFault(
                "\(name) of \(made) takes a tensor like it, not \(inputs.dropFirst(2))")
        }
        return made
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        let builder = inputs[0].builder
        let made = builder.emit(convolution, inputs[0], inputs[1])
        return [builder.emit(Elementwise(.leakyReluGradient(slope: slope)), made, inputs[2])]
    }

    package func flops(_ inputs: [TensorType]) -> Double {
        convolution.flops(Array(inputs.prefix(2)))
    }
}
