/// A square matrix of doubles whose rows are padded with zeros to whole SIMD vectors.
package struct SquareMatrix {
    /// The number of rows and of columns.
    package let side: Int
    private let width: Int
    private var storage: [SIMD8<Double>]

    /// A matrix of zeros.
    package init(side: Int) {
        self.side = side
        width = (side + 7) / 8
        storage = .init(repeating: .zero, count: side * width)
    }

    package subscript(row: Int, column: Int) -> Double {
        get { storage[row * width + column / 8][column % 8] }
        set { storage[row * width + column / 8][column % 8] = newValue }
    }

    /// The sum of the diagonal.
    package var trace: Double { (0..<side).reduce(0) { $0 + self[$1, $1] } }

    /// Row `row` times row `other` of `matrix`.
    func dot(_ row: Int, _ matrix: SquareMatrix, _ other: Int) -> Double {
        storage.withUnsafeBufferPointer { a in
            matrix.storage.withUnsafeBufferPointer { b in
                var sum = SIMD8<Double>.zero
                for index in 0..<width { sum += a[row * width + index] * b[other * width + index] }
                return sum.sum()
            }
        }
    }

    /// This matrix times the transpose of another.
    package func times(transposed other: SquareMatrix) -> SquareMatrix {
        var product = SquareMatrix(side: side)
        for row in 0..<side {
            for column in 0..<side { product[row, column] = dot(row, other, column) }
        }
        return product
    }

    /// Row i becomes cosine i - sine j, row j sine i + cosine j.
    private mutating func rotate(_ i: Int, _ j: Int, cosine: Double, sine: Double) {
        storage.withUnsafeMutableBufferPointer { rows in
            for index in 0..<width {
                let (a, b) = (rows[i * width + index], rows[j * width + index])
                rows[i * width + index] = cosine * a - sine * b
                rows[j * width + index] = sine * a + cosine * b
            }
        }
    }

    /// Makes all rows orthogonal by rotating two at a time: Hestenes's one-sided Jacobi method ("Inversion of matrices
    /// by biorthogonalization", 1958). The rows' lengths are then the singular values. For a positive semidefinite
    /// matrix they are the eigenvalues, and each row is parallel to its eigenvector.
    ///
    /// - Returns: the rows' lengths.
    package mutating func orthogonalizeRows() -> [Double] {
        let epsilon = Double(side) * .ulpOfOne
        var squares: [Double] = []
        var rotated = true
        // Convergence is quadratic: about ten sweeps are enough.
        for _ in 0..<60 where rotated {
            rotated = false
            squares = (0..<side).map { dot($0, self, $0) }
            // Rows this short are only rounding errors of the longest one.
            let negligible = (squares.max() ?? 0) * .ulpOfOne * .ulpOfOne
            for i in 0..<side {
                for j in i + 1..<side {
                    let product = dot(i, self, j)
                    // Two roots, because the product of the squares could overflow.
                    let limit = epsilon * squares[i].squareRoot() * squares[j].squareRoot()
                    if abs(product) <= max(limit, negligible) { continue }
                    rotated = true
                    let ratio = (squares[j] - squares[i]) / (2 * product)
                    let tangent =
                        (ratio < 0 ? -1 : 1) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
                    let cosine = 1 / (1 + tangent * tangent).squareRoot()
                    rotate(i, j, cosine: cosine, sine: cosine * tangent)
                    squares[i] -= tangent * product
                    squares[j] += tangent * product
                }
            }
        }
        return (0..<side).map { dot($0, self, $0).squareRoot() }
    }

    /// Multiplies each row by its factor.
    mutating func scaleRows(_ factors: [Double]) {
        for row in 0..<side {
            for index in row * width..<(row + 1) * width { storage[index] *= factors[row] }
        }
    }
}

extension SquareMatrix {
    /// The covariance of rows around their mean, divided by N - 1.
    init(covarianceOf matrix: Matrix, mean: [Double]) {
        self.init(side: matrix.columns)
        var centred = [SIMD8<Double>](repeating: .zero, count: width)
        for row in 0..<matrix.rows {
            for (column, value) in matrix.row(row).enumerated() {
                centred[column / 8][column % 8] = Double(value) - mean[column]
            }
            for i in 0..<side {
                let factor = centred[i / 8][i % 8]
                for index in 0..<width { storage[i * width + index] += factor * centred[index] }
            }
        }
        scaleRows(.init(repeating: 1 / Double(matrix.rows - 1), count: side))
    }
}
