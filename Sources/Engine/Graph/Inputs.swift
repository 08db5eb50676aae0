/// An input of the program: a named state of the run, the bf16 copy of one, or a feed.
package struct Input: Primitive {
    /// `rounded` is only in graphs that the pass `lowerPrecision` has made.
    package enum Role: String, Sendable { case state, rounded, feed }
    /// The name of the state or feed.
    package let label: String
    package let role: Role
    package let type: TensorType

    package init(label: String, role: Role, type: TensorType) {
        self.label = label
        self.role = role
        self.type = type
    }

    package var name: String { role.rawValue }
    package var attributes: String { label }
    package func infer(_ inputs: [TensorType]) -> [TensorType] { [type] }
    package func gradient(_ context: GradientContext) -> [Tensor?] { [] }
    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        misuse("the input \(label) has no value")
    }
}

/// Values known when the graph is built: one for all elements, or one for each.
package struct Constant: Primitive {
    package let shape: Shape
    package let values: [Double]

    package init(_ shape: Shape, values: [Double]) {
        self.shape = shape
        self.values = values
    }

    /// The value that all elements share, if there is one.
    package var splat: Double? { values.count == 1 ? values[0] : nil }

    package var name: String { "constant" }
    package var attributes: String {
        values.count <= 4 ? values.map { "\($0)" }.joined(separator: " ") : "\(values.count) values"
    }
    package func infer(_ inputs: [TensorType]) -> [TensorType] { [TensorType(shape)] }
    package func gradient(_ context: GradientContext) -> [Tensor?] { [] }
    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        [
            ReferenceTensor(
                shape, splat.map { [Double](repeating: $0, count: shape.count) } ?? values)
        ]
    }
}
