/// An operation with all its rules, independent of any backend. The CPU kernels are extensions of the same types in
/// `Backends/CPU/`; see ``Lowered``.
package protocol Primitive: Hashable, Sendable {
    /// Printed name, such as `matmul`.
    var name: String { get }
    /// Printed parameters; may be empty.
    var attributes: String { get }

    /// Shape rule: the types of the outputs, or an error that says why the inputs do not fit.
    func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType]
    /// Gradient rule, in terms of graph nodes, so that gradients can be differentiated again.
    /// Returns one cotangent for each input, nil where it is zero.
    func gradient(_ context: GradientContext) -> [Tensor?]
    /// Reference implementation, simple and slow, in double precision. It defines the operation.
    func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor]

    /// Multiplications and additions of a product or convolution, not counting padding; 0 for other operations.
    func flops(_ inputs: [TensorType]) -> Double

    /// Whether its kernels check what they write for NaN and infinity, so that no later check is needed.
    var checksFiniteness: Bool { get }
    /// Inputs whose memory the output may overwrite, if no later node reads them.
    func inPlaceInputs(forOutput output: Int) -> [Int]
}

extension Primitive {
    package var attributes: String { "" }
    package func flops(_ inputs: [TensorType]) -> Double { 0 }
    package var checksFiniteness: Bool { false }
    package func inPlaceInputs(forOutput output: Int) -> [Int] { [] }
}

/// An operation that is defined as a composition of others.
package protocol Fused: Primitive {
    /// The same outputs, composed of other operations.
    func expand(_ inputs: [Tensor]) -> [Tensor]
}

extension Fused {
    /// Differentiates the composition.
    package func gradientOfExpansion(_ context: GradientContext) -> [Tensor?] {
        let outputs = expand(context.inputs)
        let pairs = zip(outputs, context.cotangents).filter { $1 != nil }
        return gradients(
            of: pairs.map(\.0), cotangents: pairs.compactMap(\.1),
            withRespectTo: context.inputs, stopAtTargets: true)
    }
}

/// What a gradient rule is given about the node that it differentiates.
package struct GradientContext {
    package let inputs: [Tensor]
    package let outputs: [Tensor]
    /// dL/doutput for each output, or nil where it is zero.
    package let cotangents: [Tensor?]

    /// The cotangent of output `index`, with zeros in place of nil.
    package func cotangent(_ index: Int = 0) -> Tensor {
        cotangents[index] ?? outputs[index].builder.constant(0).broadcast(to: outputs[index].shape)
    }
}

/// A tensor of the reference interpreter: doubles in row-major order, for every element type.
package struct ReferenceTensor: Sendable, Equatable {
    package let type: TensorType
    package var values: [Double]

    package init(_ type: TensorType, _ values: [Double]) {
        if type.shape.count != values.count { misuse("\(values.count) values for \(type)") }
        self.type = type
        self.values = values
    }

    package init(_ shape: Shape, _ values: [Double]) { self.init(TensorType(shape), values) }

    package var shape: Shape { type.shape }
}

/// The printed names of all operations. The table in `OpTableTests` must cover each.
package enum Registry {
    package static let names: [String] =
        ElementwiseFunction.examples.map(\.name)
        + [
            Broadcast(to: []).name, Reshape(to: []).name, Transpose([]).name,
            Reduce(.sum, axes: []).name, Reduce(.max, axes: []).name, MatMul().name,
            Slice(starts: [], ends: [], strides: []).name,
            Pad(before: [], after: [], between: [], value: 0).name, Concatenate(axis: 0).name,
        ]
        + Convolution.Direction.allCases.map { direction in
            let window = Window(image: [1, 1], size: [1, 1], strides: [1, 1], padding: .valid)
            return Convolution(direction, window).name
        }
        + Distribution.examples.map { Random($0, [], stream: "").name }
        + [
            BatchNormTraining(epsilon: 0).name, BatchNormGradient(epsilon: 0).name,
            AdamUpdate(beta1: 0, beta2: 0, epsilon: 0).name,
            MatMul().biased(slope: 1).name,
            Convolution(
                .forward, Window(image: [1, 1], size: [1, 1], strides: [1, 1], padding: .valid)
            ).biased(slope: 1).name,
        ]
}
