/// The values of a tensor, row-major: the form in which state stores, files and tests exchange them.
public struct HostTensor: Sendable, Equatable {
    /// Extents.
    public let shape: Shape
    /// The elements, last axis fastest.
    public var values: [Float]

    /// A tensor of the given values.
    public init(_ shape: Shape, _ values: [Float]) {
        if shape.count != values.count { misuse("\(values.count) values for a tensor \(shape)") }
        self.shape = shape
        self.values = values
    }
}
