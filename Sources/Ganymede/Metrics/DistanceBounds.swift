/// Lower bounds of all squared distances between the rows of two matrices, from matrix products in f32.
///
/// |q - p|^2 is the dot product of [-2 q, |q|^2, 1] and [p, 1, |p|^2]. The squares are reduced by more than the
/// product's rounding error, so that no near pair is missed. Pairs that may be near are then measured in double
/// precision.
struct DistanceBounds {
    private static let queriesAtOnce = 256
    private static let pointsAtOnce = 2048

    /// The bounds are for squared distances times this, which keeps them within the range of f32.
    let scale: Double
    /// The largest gap between a bound and the scaled value that it bounds.
    let slack: Float
    private let queries: [Float]
    private let points: [Float]
    private let depth: Int

    /// Bounds the squared distance between each row of `queries` and each row of `points`, minus `less`, a squared
    /// distance of that point from another one. Both matrices have equally many columns.
    init(from queries: Matrix, to points: Matrix, less: [Double]? = nil) {
        if queries.columns != points.columns {
            misuse("distances of \(queries.columns) columns to \(points.columns)")
        }
        // With a far origin, distances would be small differences of large squares: the origin is moved to the points'
        // mean.
        let centre = points.columnMeans
        let (near, far) = (queries.squaredNorms(from: centre), points.squaredNorms(from: centre))
        let scale = 1 / max(near.max() ?? 0, far.max() ?? 0, .leastNormalMagnitude)
        depth = points.columns + 2
        // A sum of n products has an error of at most n 2^-24 times the sum of their magnitudes, here at most
        // 2 (|q|^2 + |p|^2). Centring and rounding the values add a few 2^-24 (Higham, "Accuracy and stability of
        // numerical algorithms", 2002, 3.1).
        let error = 4 * Double(depth + 6) * 0x1p-24
        // After scaling, |q|^2 and |p|^2 are at most 1, and `less` is at most 4.
        slack = Float(2 * error * 6)
        self.queries = queries.moved(from: centre, times: -2 * scale.squareRoot()) {
            [Float(scale * (1 - error) * near[$0]), 1]
        }
        self.points = points.moved(from: centre, times: scale.squareRoot()) {
            [1, Float(scale * ((1 - error) * far[$0] - (1 + error) * (less?[$0] ?? 0)))]
        }
        self.scale = scale
    }

    /// Calls `body` with the bounds of each query in parts: `bounds[i]` belongs to point `first + i`.
    func forEach(
        _ body: (_ query: Int, _ first: Int, _ bounds: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        let (queryCount, pointCount) = (queries.count / depth, points.count / depth)
        if queryCount == 0 { return }
        let height = min(queryCount, Self.queriesAtOnce)
        let width = min(pointCount, Self.pointsAtOnce)
        let builder = GraphBuilder()
        let left = builder.feed("queries", TensorType([height, depth]))
        let right = builder.feed("points", TensorType([width, depth]))
        builder.result("bounds", left.matmul(right, transposeB: true))
        try EngineThread.run {
            let program = try Program(builder.graph, store: StateStore())
            for first in stride(from: 0, to: pointCount, by: width) {
                let columns = min(width, pointCount - first)
                program.fill("points", from: points, first * depth, columns * depth)
                for start in stride(from: 0, to: queryCount, by: height) {
                    let rows = min(height, queryCount - start)
                    program.fill("queries", from: queries, start * depth, rows * depth)
                    program.run()
                    program.withResult("bounds") { bounds in
                        for row in 0..<rows {
                            let part = row * width..<row * width + columns
                            body(start + row, first, UnsafeBufferPointer(rebasing: bounds[part]))
                        }
                    }
                }
            }
        }
    }
}

extension Program {
    /// Copies a part of an array to the beginning of a feed.
    fileprivate func fill(_ name: String, from values: [Float], _ start: Int, _ count: Int) {
        values.withUnsafeBufferPointer { values in
            _ = feed(name).update(fromContentsOf: values[start..<start + count])
        }
    }
}

extension UnsafeBufferPointer<Float> {
    /// Calls `body` with each index whose value is below `limit`, which is read again for every 64 values.
    @inline(__always)
    func forEachBelow(_ limit: () -> Float, _ body: (Int) -> Void) {
        for start in stride(from: 0, to: count, by: 64) {
            let end = Swift.min(start + 64, count)
            // Few values are below: most of the time is in this comparison.
            if end - start == 64 && !isAnyOf64(from: start, below: limit()) { continue }
            for index in start..<end where self[index] < limit() { body(index) }
        }
    }

    /// Whether one of 64 values is below `limit`.
    @inline(__always)
    private func isAnyOf64(from start: Int, below limit: Float) -> Bool {
        let values = UnsafeRawBufferPointer(self)
        var found = SIMDMask<SIMD16<Int32>>(repeating: false)
        for part in 0..<4 {
            let offset = 4 * start + 64 * part
            found .|= values.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self) .< limit
        }
        return any(found)
    }
}

extension Matrix {
    /// The squared distance of each row from `centre`, in double precision.
    fileprivate func squaredNorms(from centre: [Double]) -> [Double] {
        (0..<rows).map { row in
            var sum = 0.0
            for column in 0..<columns {
                let difference = Double(values[row * columns + column]) - centre[column]
                sum += difference * difference
            }
            return sum
        }
    }

    /// The rows factor (x - centre), each followed by two more values.
    fileprivate func moved(
        from centre: [Double], times factor: Double, _ more: (Int) -> [Float]
    ) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(rows * (columns + 2))
        for row in 0..<rows {
            for column in 0..<columns {
                result.append(
                    Float(factor * (Double(values[row * columns + column]) - centre[column])))
            }
            result += more(row)
        }
        return result
    }

    /// The squared distance of a row from a row of `other`, in double precision: exactly 0 if they are equal.
    func squaredDistance(_ row: Int, _ other: Matrix, _ otherRow: Int) -> Double {
        values.withUnsafeBufferPointer { a in
            other.values.withUnsafeBufferPointer { b in
                let (a, b) = (a[(row * columns)...], b[(otherRow * columns)...])
                let (startA, startB) = (a.startIndex, b.startIndex)
                // Four partial sums hide the latency of the additions.
                var sums = SIMD4<Double>.zero
                var column = 0
                while column + 4 <= columns {
                    var difference = SIMD4<Double>.zero
                    for lane in 0..<4 {
                        difference[lane] =
                            Double(a[startA + column + lane]) - Double(b[startB + column + lane])
                    }
                    sums += difference * difference
                    column += 4
                }
                while column < columns {
                    let difference = Double(a[startA + column]) - Double(b[startB + column])
                    sums[0] += difference * difference
                    column += 1
                }
                return sums.sum()
            }
        }
    }
}
