/// A matrix of 32-bit floats in row-major order.
public struct Matrix: Sendable, Equatable {
    /// Rows.
    public let rows: Int
    /// Values in a row.
    public let columns: Int
    /// All values, row by row.
    public let values: [Float]

    /// A matrix of `rows` times `columns` values; misuse if there are not as many.
    public init(rows: Int, columns: Int, values: [Float]) {
        if values.count != rows * columns {
            misuse("a matrix [\(rows), \(columns)] of \(values.count) values")
        }
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// The values of a row.
    public func row(_ index: Int) -> ArraySlice<Float> {
        values[index * columns..<(index + 1) * columns]
    }

    /// The largest value in a row and its column; the first of equal ones.
    public func largest(inRow row: Int) -> (column: Int, value: Float) {
        values.withUnsafeBufferPointer { values in
            var best = (column: 0, value: values[row * columns])
            for column in 1..<max(columns, 1) where values[row * columns + column] > best.value {
                best = (column, values[row * columns + column])
            }
            return best
        }
    }

    /// The mean of each column, [columns], in double precision.
    var columnMeans: [Double] {
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += Double(values[row * columns + column]) }
        }
        return sums.map { $0 / Double(rows) }
    }

    /// The first row that fulfils a condition.
    func firstRow(where condition: (ArraySlice<Float>) -> Bool) -> Int? {
        (0..<rows).first { condition(row($0)) }
    }

    /// The chosen rows, in that order.
    public func picking(_ chosen: some Sequence<Int>) -> Matrix {
        var picked: [Float] = []
        var count = 0
        for index in chosen {
            picked += row(index)
            count += 1
        }
        return Matrix(rows: count, columns: columns, values: picked)
    }
}

/// The features and class probabilities that an evaluator computes from N images.
public struct Features: Sendable, Equatable {
    /// The input of the evaluator's last layer, [N, D].
    public let features: Matrix
    /// Calibrated class probabilities, [N, K]; rows sum to 1.
    public let probabilities: Matrix
    /// The images themselves, with labels in the evaluator's classes where they are known; nil if they are not kept.
    public let samples: Dataset?

    /// N images' features and class probabilities; misuse if the numbers of rows differ.
    public init(features: Matrix, probabilities: Matrix, samples: Dataset? = nil) {
        if features.rows != probabilities.rows {
            misuse(
                "features of \(features.rows) images and probabilities of \(probabilities.rows)")
        }
        self.features = features
        self.probabilities = probabilities
        self.samples = samples
    }

    /// The number of images.
    public var count: Int { features.rows }

    /// The features and probabilities of the chosen images, in that order; without the images.
    public func picking(_ chosen: some Collection<Int>) -> Features {
        Features(
            features: features.picking(chosen), probabilities: probabilities.picking(chosen))
    }
}
