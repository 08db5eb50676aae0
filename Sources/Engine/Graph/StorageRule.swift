/// How an operation's tensors may lie in memory where activations are stored in bf16. Passes ask this in place of the
/// operation's type.
package enum StorageRule {
    /// Inputs and outputs keep their types.
    case float32
    /// A product, whose first `rounded` inputs are multiplied in bf16. Other inputs stay in float32. If
    /// `mayStoreBFloat16`, so may its result be; `storing` makes the product with a result of a type.
    case product(rounded: Int, mayStoreBFloat16: Bool, storing: (DType) -> any Primitive)
    /// A reduction: its result stays in float32, its input may be bf16 if `readsBFloat16`.
    case reduction(readsBFloat16: Bool)
    /// Values pass through unchanged: inputs and output share a type.
    case movement
    /// The first `images` inputs and the first output share a type. Other inputs stay in float32.
    case normalization(images: Int)
    /// Inputs may be of either type; `rounding` makes the operation that stores the chosen outputs in bf16.
    case elementwise(shape: Shape, rounding: (Set<Int>) -> any Primitive)
    /// An update of a state: `emitting` makes the one that also returns output 0 in bf16, as the output `place`.
    case update(place: Int, emitting: () -> any Primitive)
}
