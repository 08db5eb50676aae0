/// Subsets of a matrix's rows. Those that overlap share one matrix, so that the kernel of two rows is computed once.
package struct SubsetRows {
    /// Matrices that hold the rows of one subset each, or of all.
    fileprivate let matrices: [Matrix]
    /// How often a subset holds a row of the matrix, [rows, subsets], for each matrix.
    fileprivate let counts: [Matrix]

    /// Whether subsets overlap so much that the kernel of all rows is less work than that of each subset.
    package static func overlap(_ all: Matrix, _ subsets: [[Int]]) -> Bool {
        let whole = all.rows * all.rows * (all.columns + subsets.count)
        return whole < subsets.count * subsets[0].count * subsets[0].count * all.columns
    }

    /// The subsets of equally many row indices.
    init(_ all: Matrix, _ subsets: [[Int]], overlap: Bool) {
        if overlap {
            var counts = [Float](repeating: 0, count: all.rows * subsets.count)
            for (place, subset) in subsets.enumerated() {
                for row in subset { counts[row * subsets.count + place] += 1 }
            }
            matrices = [all]
            self.counts = [Matrix(rows: all.rows, columns: subsets.count, values: counts)]
        } else {
            matrices = subsets.map { all.picking($0) }
            counts = matrices.map {
                Matrix(
                    rows: $0.rows, columns: 1, values: [Float](repeating: 1, count: $0.rows))
            }
        }
    }
}

/// Sums of the kernel k(x, y) = (x.y / D + 1)^3 over pairs of rows in subsets. With the kernel matrix K and the counts C, [rows,
/// subsets], the sums over y are K C, computed in blocks of K. The sums over x are in double precision, because distances are
/// small differences of these sums.
struct KernelSums {
    /// The most rows and columns of a block.
    private static let limit = 1000
    private let program: Program
    private let block: Int
    private let columns: Int

    /// For subsets of two matrices with equally many columns.
    init(_ a: SubsetRows, _ b: SubsetRows) throws {
        columns = a.matrices[0].columns
        let rows = max(a.matrices[0].rows, b.matrices[0].rows)
        let blocks = (rows + Self.limit - 1) / Self.limit
        block = (rows + blocks - 1) / blocks
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType([block, columns]))
        let y = builder.feed("y", TensorType([block, columns]))
        let counts = builder.feed("counts", TensorType([block, a.counts[0].columns]))
        let base = x.matmul(y, transposeB: true) * (1 / Double(columns)) + 1
        builder.result("sums", (base * base * base).matmul(counts))
        program = try Program(builder.graph, store: StateStore())
    }

    /// For each pair of subsets, the sum over all pairs of their rows.
    func overPairs(of a: SubsetRows, _ b: SubsetRows) -> [Double] {
        a.matrices.indices.flatMap { group in
            var sums = [Double](repeating: 0, count: a.counts[group].columns)
            for row in blocks(of: a.matrices[group]) {
                for column in blocks(of: b.matrices[group]) {
                    add(1, a, row, b, column, group, to: &sums)
                }
            }
            return sums
        }
    }

    /// For each subset, the sum over all pairs of two of its rows.
    func overOtherPairs(of a: SubsetRows) -> [Double] {
        a.matrices.indices.flatMap { group in
            var sums = diagonals(a, group).map(-)
            for row in blocks(of: a.matrices[group]) {
                // The matrix is symmetric.
                for column in blocks(of: a.matrices[group]) where column >= row {
                    add(column == row ? 1 : 2, a, row, a, column, group, to: &sums)
                }
            }
            return sums
        }
    }

    private func blocks(of matrix: Matrix) -> StrideTo<Int> {
        stride(from: 0, to: matrix.rows, by: block)
    }

    /// Adds the sums of one block of the kernel matrix, `factor` times.
    private func add(
        _ factor: Double, _ a: SubsetRows, _ row: Int, _ b: SubsetRows, _ column: Int, _ group: Int,
        to sums: inout [Double]
    ) {
        fill("x", a.matrices[group], from: row)
        fill("y", b.matrices[group], from: column)
        fill("counts", b.counts[group], from: column)
        program.run()
        let counts = a.counts[group]
        let values = counts.values[
            row * counts.columns..<min(row + block, counts.rows) * counts.columns]
        program.withResult("sums") { found in
            values.withUnsafeBufferPointer { counts in
                for place in counts.indices {
                    sums[place % sums.count] += factor * Double(counts[place] * found[place])
                }
            }
        }
    }

    /// Copies rows to a feed, and sets those after the last to 0.
    private func fill(_ name: String, _ matrix: Matrix, from row: Int) {
        let feed = program.feed(name)
        let end = min(row + block, matrix.rows)
        let rest = feed.update(
            fromContentsOf: matrix.values[row * matrix.columns..<end * matrix.columns])
        feed[rest...].update(repeating: 0)
    }

    /// For each subset, the sum of the kernel of each row and itself.
    private func diagonals(_ a: SubsetRows, _ group: Int) -> [Double] {
        let counts = a.counts[group]
        var sums = [Double](repeating: 0, count: counts.columns)
        for row in 0..<counts.rows {
            let square = a.matrices[group].row(row).reduce(0) { $0 + Double($1) * Double($1) }
            let base = square / Double(columns) + 1
            for (place, count) in counts.row(row).enumerated() {
                sums[place] += Double(count) * base * base * base
            }
        }
        return sums
    }
}
