import CKernels
import Engine
import Foundation
import TestSupport
import Testing

/// Ganymede's own matrix product: each sum in the order of the depth, whatever the blocks, the threads and who claims what.
@Suite(
    .serialized, .enabled(if: gk_thread_limit() >= 7, "OMP_THREAD_LIMIT allows no such teams"),
    .timeLimit(.minutes(20)))
struct MatrixProductTests {
    private struct Case {
        var shape: gk_matrix_product
        let a: [Float], b: [Float], bias: [Float]?

        /// Extents around those of tiles and blocks, in random combinations.
        init(_ numbers: inout TestNumbers) {
            func pick(_ choices: [Int]) -> Int {
                choices[Int(numbers.next() % UInt64(choices.count))]
            }
            let rows = pick([1, 2, 5, 6, 7, 13, 33, 133, 140])
            let columns = pick([1, 7, 8, 9, 16, 17, 63, 65, 130])
            let depth = pick([1, 2, 7, 8, 9, 31, 256, 257, 300])
            shape = gk_matrix_product(
                rows: rows, columns: columns, depth: depth,
                transpose_a: numbers.next().isMultiple(of: 2),
                transpose_b: numbers.next().isMultiple(of: 2), bfloat16: false,
                result_bfloat16: false, bias: nil,
                slope: numbers.next().isMultiple(of: 2) ? 1 : 0.2)
            a = numbers.tensor([rows * depth], in: -1...1).map { Float($0) }
            b = numbers.tensor([columns * depth], in: -1...1).map { Float($0) }
            bias =
                numbers.next().isMultiple(of: 2)
                ? nil : numbers.tensor([columns], in: -1...1).map { Float($0) }
        }

        func expected() -> [Float] {
            var result: [Float] = []
            for row in 0..<shape.rows {
                for column in 0..<shape.columns {
                    var sum: Float = 0
                    for k in 0..<shape.depth {
                        let left = a[
                            shape.transpose_a ? k * shape.rows + row : row * shape.depth + k]
                        let right =
                            b[
                                shape.transpose_b
                                    ? column * shape.depth + k : k * shape.columns + column]
                        sum.addProduct(left, right)
                    }
                    sum += bias?[column] ?? 0
                    result.append(sum > 0 ? sum : sum * shape.slope)
                }
            }
            return result
        }

        /// The result, and whether memory beside it and beside the scratch memory is untouched.
        func computed() -> ([Float], isUntouched: Bool) {
            let guarded = 64
            var shape = shape
            let scratchBytes = gk_matrix_product_scratch(&shape)
            var result = [Float](repeating: 7, count: shape.rows * shape.columns + 2 * guarded)
            var scratch = [UInt8](repeating: 7, count: scratchBytes + guarded)
            result.withUnsafeMutableBufferPointer { c in
                scratch.withUnsafeMutableBytes { scratch in
                    (bias ?? []).withUnsafeBufferPointer { bias in
                        if self.bias != nil { shape.bias = bias.baseAddress }
                        gk_multiply(
                            &shape, a, b, c.baseAddress.map { $0 + guarded }, scratch.baseAddress)
                    }
                }
            }
            let isUntouched =
                result.prefix(guarded).allSatisfy { $0 == 7 }
                && result.suffix(guarded).allSatisfy { $0 == 7 }
                && scratch.suffix(guarded).allSatisfy { $0 == 7 }
            return (Array(result.dropFirst(guarded).dropLast(guarded)), isUntouched)
        }
    }

    @Test(arguments: [1, 2, 3, 7] as [Int32])
    func sumsHaveTheOrderOfTheDepth(threads: Int32) {
        withTeam(of: threads) { usualSet in
            for level in 0...usualSet {
                gk_select_isa(level)
                guard gk_own_products() > 0 else { continue }  // The plain build has none.
                var numbers = TestNumbers(seed: UInt64(threads))
                for _ in 0..<120 {
                    let row = Case(&numbers)
                    let (found, isUntouched) = row.computed()
                    #expect(isUntouched, "\(row.shape)")
                    #expect(
                        zip(found, row.expected()).allSatisfy { $0.bitPattern == $1.bitPattern },
                        "level \(level): \(row.shape)")
                }
            }
        }
    }
}
