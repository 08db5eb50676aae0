/// Numbers in memory, row-major: what goes into a state store, a file or a test.
public struct HostTensor: Sendable, Equatable {
    /// Extents.
    public let shape: Shape
    /// The elements, last axis fastest.
    public var values: [Float]

    /// A tensor of the given numbers.
    public init(_ shape: Shape, _ values: [Float]) {
        if shape.count != values.count { misuse("\(values.count) values for a tensor \(shape)") }
        self.shape = shape
        self.values = values
    }
}
