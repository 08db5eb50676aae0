/// What an element is.
public enum DType: String, Hashable, Sendable, CaseIterable {
    /// 32-bit floating point.
    case float32 = "f32"
    /// 32-bit signed integer: labels, counters, random keys. Arithmetic goes through ``float32``.
    case int32 = "i32"
    /// Truth values, kept as the floats 0 and 1 so that masks multiply without conversion.
    case bool = "bool"

    /// Bytes in memory.
    public var byteCount: Int { 4 }
}

/// Shape and element type of a tensor.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
    /// Extents.
    public let shape: Shape
    /// Element type.
    public let dtype: DType

    /// A type of the given shape; floating point unless said.
    public init(_ shape: Shape, _ dtype: DType = .float32) {
        self.shape = shape
        self.dtype = dtype
    }

    /// Bytes in memory.
    public var byteCount: Int { shape.count * dtype.byteCount }
    /// `f32[32,784]`.
    public var description: String { dtype.rawValue + shape.description }
}
