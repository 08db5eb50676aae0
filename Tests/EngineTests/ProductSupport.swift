import CKernels
import TestSupport

extension gk_matrix_product {
    /// Each sum in the order of the depth, with one rounding for each product that is added. Then bias and leaky ReLU.
    func reference(_ a: [Float], _ b: [Float], bias: [Float]?) -> [Float] {
        var result: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                var sum: Float = 0
                for k in 0..<depth {
                    sum.addProduct(
                        a[transpose_a ? k * rows + row : row * depth + k],
                        b[transpose_b ? column * depth + k : k * columns + column])
                }
                sum += bias?[column] ?? 0
                result.append(sum > 0 ? sum : sum * slope)
            }
        }
        return result
    }

    /// What `gk_multiply` makes of a and b, and whether memory beside is untouched.
    func computed<Element: BitwiseCopyable>(_ a: [Element], _ b: [Element], bias: [Float]?) -> (
        result: [UInt8], isUntouched: Bool
    ) {
        (bias ?? []).withUnsafeBufferPointer { addends in
            var shape = self
            // As kernels ask: before they know where the bias is.
            let scratchBytes = gk_matrix_product_scratch(&shape)
            if bias != nil { shape.bias = addends.baseAddress }
            return guarded(
                resultBytes: rows * columns * (result_bfloat16 ? 2 : 4), scratchBytes: scratchBytes
            ) { gk_multiply(&shape, a, b, $0, $1) }
        }
    }
}

/// Calls `body` with memory for a result and scratch memory. What these hold before must not matter, and what lies beside them
/// must stay: returns the result, and whether it did.
func guarded(
    resultBytes: Int, scratchBytes: Int,
    _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
) -> (result: [UInt8], isUntouched: Bool) {
    let extra = 256
    // As floats and as bfloat16 these are NaN.
    var result = [UInt8](repeating: 0xFF, count: resultBytes + 2 * extra)
    var scratch = [UInt8](repeating: 0xFF, count: scratchBytes + extra)
    result.withUnsafeMutableBytes { result in
        scratch.withUnsafeMutableBytes { scratch in
            if let start = result.baseAddress, let memory = scratch.baseAddress {
                body(start + extra, memory)
            }
        }
    }
    let beside = result.prefix(extra) + result.suffix(extra) + scratch.suffix(extra)
    return (Array(result.dropFirst(extra).dropLast(extra)), beside.allSatisfy { $0 == 0xFF })
}

/// The bytes of numbers in memory.
func bytes<Number: BitwiseCopyable>(_ numbers: [Number]) -> [UInt8] {
    numbers.withUnsafeBytes { Array($0) }
}

extension TestNumbers {
    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int(next() % UInt64(choices.count))]
    }
}
