/// Element type of a tensor.
public enum DType: String, Hashable, Sendable, CaseIterable {
    /// 32-bit floating point.
    case float32 = "f32"
    /// The upper half of a 32-bit float: 8 bits of precision at the full range. Arithmetic is in ``float32``.
    case bfloat16 = "bf16"
    /// 32-bit signed integer: labels, counters, random keys. Arithmetic goes through ``float32``.
    case int32 = "i32"
    /// Boolean, stored as the floats 0 and 1 so that masks multiply without conversion.
    case bool = "bool"

    /// Bytes per element.
    public var byteCount: Int { self == .bfloat16 ? 2 : 4 }
    /// Whether it is a floating-point type.
    package var isFloat: Bool { self == .float32 || self == .bfloat16 }

    /// `value` rounded to this type: to nearest, ties to even, or towards zero for integers. ``float32`` keeps double
    /// precision.
    package func rounded(_ value: Double) -> Double {
        switch self {
        case .float32: return value
        case .int32: return value.rounded(.towardZero)
        case .bool: return value != 0 ? 1 : 0
        case .bfloat16:
            let bits = Float(value).bitPattern
            if value.isNaN { return value }
            return Double(Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000))
        }
    }
}

/// Shape and element type of a tensor.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
    /// Extents.
    public let shape: Shape
    /// Element type.
    public let dtype: DType

    /// A type of the given shape.
    public init(_ shape: Shape, _ dtype: DType = .float32) {
        self.shape = shape
        self.dtype = dtype
    }

    /// Bytes in memory.
    public var byteCount: Int { shape.count * dtype.byteCount }
    /// `f32[32,784]`.
    public var description: String { dtype.rawValue + shape.description }
}
