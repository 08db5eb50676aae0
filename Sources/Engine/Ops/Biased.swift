/// A convolution of x with w, a bias [K] added to each channel, and a leaky ReLU: slope 1 is none. Made by the pass
/// `fuseConvolutions`, never by hand.
package struct BiasedConvolution: Fused {
    package let convolution: Convolution
    package let slope: Double

    package init(_ convolution: Convolution, slope: Double) {
        self.convolution = convolution
        self.slope = slope
    }

    package var name: String { "biasedConvolution" }
    package var attributes: String {
        convolution.attributes + (slope == 1 ? "" : " slope=\(slope)")
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard convolution.face == .forward, inputs.count == 3,
            inputs[2] == TensorType([inputs[1].shape.dimensions.last ?? 0])
        else { throw GraphFault("\(name) takes x, w [KH, KW, C, K] and a bias [K], not \(inputs)") }
        return try convolution.infer(Array(inputs.prefix(2)))
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        let exact = Convolution(.forward, convolution.window)
        let y = inputs[0].builder.emit(exact, inputs[0], inputs[1]) + inputs[2]
        return [(slope == 1 ? y : y.leakyRelu(slope)).cast(convolution.result)]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        gradientOfExpansion(context)
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        evaluateExpansion(inputs)
    }

    package func arithmetic(_ inputs: [TensorType]) -> Double {
        convolution.arithmetic(Array(inputs.prefix(2)))
    }
}
