/// An operation with all its rules. It knows no backend: the fast kernels of the CPU are extensions of the same types in
/// `Backends/CPU/`, where ``Lowered`` is.
package protocol Primitive: Hashable, Sendable {
    /// As printed: `matmul`.
    var name: String { get }
    /// Parameters as printed, or empty.
    var attributes: String { get }

    /// Shape rule: the types of what it makes, or why the inputs do not fit.
    func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType]
    /// Gradient rule, in terms of graph nodes, so that gradients differentiate again.
    /// One cotangent for each input, nil where it is zero.
    func gradient(_ context: GradientContext) -> [Tensor?]
    /// Reference kernel: slow, obvious, in double precision. The definition.
    func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor]

    /// Multiplications and additions of a product or convolution, of which those with padding do not count; 0 for
    /// everything else.
    func flops(_ inputs: [TensorType]) -> Double

    /// Whether its kernels look for NaN and infinity in what they write, so that nobody else need.
    var checksFiniteness: Bool { get }
    /// Inputs in whose memory an output may be written, if nobody reads them afterwards.
    func inPlaceInputs(forOutput output: Int) -> [Int]
}

extension Primitive {
    package var attributes: String { "" }
    package func flops(_ inputs: [TensorType]) -> Double { 0 }
    package var checksFiniteness: Bool { false }
    package func inPlaceInputs(forOutput output: Int) -> [Int] { [] }
}

/// An operation that is defined by a composition of others, its twin.
package protocol Fused: Primitive {
    /// The same result out of other operations.
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

/// What a gradient rule sees of the node that it differentiates.
package struct GradientContext {
    package let inputs: [Tensor]
    package let outputs: [Tensor]
    /// For each output, the derivative of the objective by it, or nil where it is zero.
    package let cotangents: [Tensor?]

    /// The cotangent of output `index`, as zeros where there is none.
    package func cotangent(_ index: Int = 0) -> Tensor {
        cotangents[index] ?? outputs[index].builder.constant(0).broadcast(to: outputs[index].shape)
    }
}

/// Numbers of the reference interpreter: doubles in row-major order, whatever the element type.
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

/// Every operation by its printed name. The op table must have a row for each.
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
