// The functions that layers and losses are written with. Operators broadcast as in NumPy.

extension Tensor {
    func unary(_ function: ElementwiseFunction) -> Tensor {
        builder.emit(Elementwise(function), self)
    }

    func binary(_ function: ElementwiseFunction, _ other: Tensor) -> Tensor {
        guard let shape = shape.broadcast(with: other.shape) else {
            builder.misuseHere("\(function.name) of \(type) and \(other.type)")
        }
        return builder.emit(
            Elementwise(function), broadcast(to: shape), other.broadcast(to: shape))
    }

    func binary(_ function: ElementwiseFunction, _ other: Double) -> Tensor {
        binary(function, builder.constant(other))
    }

    // MARK: Elementwise

    /// |x|
    public func absolute() -> Tensor { unary(.absolute) }
    /// -1, 0 or 1.
    public func sign() -> Tensor { unary(.sign) }
    /// e^x
    public func exp() -> Tensor { unary(.exp) }
    /// The natural logarithm.
    public func log() -> Tensor { unary(.log) }
    /// log(1 + x), precise near 0.
    public func log1p() -> Tensor { unary(.log1p) }
    /// The square root.
    public func sqrt() -> Tensor { unary(.sqrt) }
    /// The hyperbolic tangent.
    public func tanh() -> Tensor { unary(.tanh) }
    /// 1 / (1 + e^-x)
    public func sigmoid() -> Tensor { unary(.sigmoid) }
    /// x where positive, else `slope` x; `slope` must not be negative.
    public func leakyRelu(_ slope: Double) -> Tensor {
        if slope < 0 { misuse("the slope of a leaky ReLU cannot be \(slope)") }
        return unary(.leakyRelu(slope: slope))
    }
    /// max(x, 0)
    public func relu() -> Tensor { leakyRelu(0) }
    /// log(1 + e^x), without overflow.
    public func softplus() -> Tensor { sigmoidCrossEntropy(target: 0) }
    /// Elementwise maximum; NaN if either value is NaN.
    public func maximum(_ other: Tensor) -> Tensor { binary(.maximum, other) }
    /// The larger of each element and `other`.
    public func maximum(_ other: Double) -> Tensor { binary(.maximum, other) }
    /// Elementwise minimum; NaN if either value is NaN.
    public func minimum(_ other: Tensor) -> Tensor { binary(.minimum, other) }
    /// The smaller of each element and `other`.
    public func minimum(_ other: Double) -> Tensor { binary(.minimum, other) }
    /// Clipped to [`low`, `high`].
    public func clipped(_ low: Double, _ high: Double) -> Tensor { maximum(low).minimum(high) }
    /// Cast to another element type; integers round towards zero.
    public func cast(_ dtype: DType) -> Tensor {
        dtype == type.dtype ? self : unary(.cast(dtype))
    }
    /// The same values, treated as constants by gradients.
    public func stopGradient() -> Tensor { unary(.stopGradient) }
    /// Binary cross-entropy of these logits against targets between 0 and 1.
    public func sigmoidCrossEntropy(targets: Tensor) -> Tensor {
        binary(.sigmoidCrossEntropy, targets)
    }
    /// Binary cross-entropy of these logits against one target for all.
    public func sigmoidCrossEntropy(target: Double) -> Tensor {
        binary(.sigmoidCrossEntropy, target)
    }

    /// A row for each of these class numbers [N], integers: 1 at the class and 0 elsewhere, [N, `classes`].
    public func oneHot(_ classes: Int) -> Tensor {
        let numbers = builder.constant([1, classes], (0..<classes).map(Double.init))
        return (cast(.float32).reshape([shape.count, 1]) .== numbers).cast(.float32)
    }

    // MARK: Movement

    /// Broadcast to `shape`.
    public func broadcast(to shape: Shape) -> Tensor {
        shape == self.shape ? self : builder.emit(Broadcast(to: shape), self)
    }
    /// The same elements under another shape of the same count.
    public func reshape(_ shape: Shape) -> Tensor {
        shape == self.shape ? self : builder.emit(Reshape(to: shape), self)
    }
    /// Axis i of the result is axis `permutation[i]`.
    public func transpose(_ permutation: [Int]) -> Tensor {
        builder.emit(Transpose(permutation), self)
    }

    // MARK: Reductions and products

    /// The sum over `axes` (default: all), which are removed from the shape.
    public func sum(axes: [Int]? = nil) -> Tensor {
        let axes = axes ?? Array(0..<shape.rank)
        return axes.isEmpty ? self : builder.emit(Reduce(.sum, axes: axes), self)
    }
    /// The maximum over `axes` (default: all), which are removed from the shape.
    public func max(axes: [Int]? = nil) -> Tensor {
        let axes = axes ?? Array(0..<shape.rank)
        return axes.isEmpty ? self : builder.emit(Reduce(.max, axes: axes), self)
    }
    /// The mean over `axes` (default: all), which are removed from the shape.
    public func mean(axes: [Int]? = nil) -> Tensor {
        let total = sum(axes: axes)
        return total * (Double(total.shape.count) / Double(shape.count))
    }
    /// The product of two matrices, each optionally transposed.
    public func matmul(
        _ other: Tensor, transposeA: Bool = false, transposeB: Bool = false
    ) -> Tensor {
        builder.emit(MatMul(transposeA: transposeA, transposeB: transposeB), self, other)
    }
}

/// `a` where `condition` is true, else `b`.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    condition.builder.emit(Elementwise(.select), condition, a, b)
}

infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .== : ComparisonPrecedence

extension Tensor {
    // Elementwise operators.
    public static prefix func - (x: Tensor) -> Tensor { x.unary(.negate) }
    public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(.add, b) }
    public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(.subtract, b) }
    public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(.multiply, b) }
    public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(.divide, b) }
    public static func + (a: Tensor, b: Double) -> Tensor { a.binary(.add, b) }
    public static func - (a: Tensor, b: Double) -> Tensor { a.binary(.subtract, b) }
    public static func * (a: Tensor, b: Double) -> Tensor { a.binary(.multiply, b) }
    public static func / (a: Tensor, b: Double) -> Tensor { a.binary(.divide, b) }
    public static func - (a: Double, b: Tensor) -> Tensor { b.builder.constant(a) - b }
    public static func / (a: Double, b: Tensor) -> Tensor { b.builder.constant(a) / b }
    public static func .> (a: Tensor, b: Tensor) -> Tensor { a.binary(.greater, b) }
    public static func .> (a: Tensor, b: Double) -> Tensor { a.binary(.greater, b) }
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { a.binary(.greaterEqual, b) }
    public static func .>= (a: Tensor, b: Double) -> Tensor { a.binary(.greaterEqual, b) }
    public static func .== (a: Tensor, b: Tensor) -> Tensor { a.binary(.equal, b) }
}
