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

    /// The stream that it draws random numbers from, which no other node of a graph may share; or nil.
    var randomStream: RandomStream? { get }
    /// How its tensors may lie in memory.
    var storage: StorageRule { get }
    /// Whether its kernels check what they write for NaN and infinity, so that no later check is needed.
    var checksFiniteness: Bool { get }
    /// How each of `ranks` processes computes its part, from inputs of `types` that are at `inputs`; nil if that needs the
    /// whole batch.
    func placed(_ inputs: [Placement], _ types: [TensorType], among ranks: Int) -> PlacementRule?
    /// Inputs whose memory the output may overwrite, if no later node reads them.
    func inPlaceInputs(forOutput output: Int) -> [Int]
}

extension Primitive {
    package var attributes: String { "" }
    package func flops(_ inputs: [TensorType]) -> Double { 0 }
    package var storage: StorageRule { .float32 }
    package var checksFiniteness: Bool { false }
    package var randomStream: RandomStream? { nil }
    package func inPlaceInputs(forOutput output: Int) -> [Int] { [] }
}

/// A stream of random numbers by its name, and by the number that it is drawn with.
package struct RandomStream: Hashable, Sendable {
    package let name: String
    package let number: UInt32
}

/// An operation that is defined as a composition of others, which its gradient and its reference implementation follow.
package protocol Fused: Primitive {
    /// The same outputs, composed of other operations.
    func expand(_ inputs: [Tensor]) -> [Tensor]
}

/// What a gradient rule is given about the node that it differentiates.
package struct GradientContext {
    package let inputs: [Tensor]
    package let outputs: [Tensor]
    /// dL/doutput for each output, or nil where it is zero.
    package let cotangents: [Tensor?]
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
