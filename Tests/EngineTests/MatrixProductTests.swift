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
            let rows = numbers.pick([1, 2, 5, 6, 7, 13, 33, 133, 140])
            let columns = numbers.pick([1, 7, 8, 9, 16, 17, 63, 65, 130])
            let depth = numbers.pick([1, 2, 7, 8, 9, 31, 256, 257, 300])
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
                    let found = row.shape.computed(row.a, row.b, bias: row.bias)
                    let expected = row.shape.reference(row.a, row.b, bias: row.bias)
                    #expect(found.isUntouched, "\(row.shape)")
                    #expect(found.result == bytes(expected), "level \(level): \(row.shape)")
                }
            }
        }
    }
}
