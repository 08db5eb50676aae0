import Engine
import Ganymede
import TestSupport
import Testing

/// Metrics against closed forms.
@Suite(.timeLimit(.minutes(20)))
struct MetricTests {
    // MARK: Frechet distance

    /// Values with exact mean and variance, so that the distance has a closed form without sampling error.
    @Test(arguments: [1, 3, 17])
    func frechetOfAxisParallelGaussians(features: Int) throws {
        // Each row has one nonzero value, so that the covariance of 2 D rows is diagonal.
        func cross(_ width: Double, _ shift: Float) -> Matrix {
            Matrix(
                rows: 2 * features, columns: features,
                values: (0..<2 * features * features).map { index in
                    let (row, column) = (index / features, index % features)
                    let length = Float(width * Double(column + 1))
                    return shift + (row / 2 == column ? (row % 2 == 0 ? length : -length) : 0)
                })
        }
        let distance = try FrechetDistance.between(cross(1, 0), cross(3, 0.5))
        // Each standard deviation is width (i + 1) sqrt(2 / (2 D - 1)).
        let squares = (1...features).reduce(0) { $0 + Double($1 * $1) }
        let expected =
            0.25 * Double(features) + 4 * squares * 2 / Double(2 * features - 1)
        #expect(abs(distance / expected - 1) < 1e-10, "\(distance) \(expected)")
    }

    /// Means and covariances of two columns.
    private struct Moments {
        var (x, y, xx, xy, yy) = (0.0, 0.0, 0.0, 0.0, 0.0)

        init(_ matrix: Matrix) {
            let count = Double(matrix.rows)
            let pairs = (0..<matrix.rows).map { row in
                (x: Double(matrix.values[2 * row]), y: Double(matrix.values[2 * row + 1]))
            }
            for pair in pairs { (x, y) = (x + pair.x / count, y + pair.y / count) }
            for pair in pairs {
                xx += (pair.x - x) * (pair.x - x) / (count - 1)
                xy += (pair.x - x) * (pair.y - y) / (count - 1)
                yy += (pair.y - y) * (pair.y - y) / (count - 1)
            }
        }

        var determinant: Double { xx * yy - xy * xy }
    }

    /// Covariances that do not commute, in two dimensions, where Tr sqrt(M) = sqrt(Tr M + 2 sqrt(det M)).
    @Test func frechetOfCorrelatedGaussians() throws {
        let a = Matrix.normal(50, 2, seed: 1)
        let b = Matrix.normal(60, 2, seed: 2).map { _, column, value in
            column == 0 ? 3 * value : value
        }.rotated(seed: 3)
        let (x, y) = (Moments(a), Moments(b))
        let trace = x.xx * y.xx + 2 * x.xy * y.xy + x.yy * y.yy
        let root = (trace + 2 * (x.determinant * y.determinant).squareRoot()).squareRoot()
        let traces = x.xx + x.yy + y.xx + y.yy
        let shift = (x: x.x - y.x, y: x.y - y.y)
        let means = shift.x * shift.x + shift.y * shift.y
        let found = try FrechetDistance.between(a, b)
        #expect(abs(found / (means + traces - 2 * root) - 1) < 1e-9)
    }

    @Test(arguments: 1...4)
    func frechetIsADistance(seed: UInt64) throws {
        let a = Matrix.normal(90, 12, seed: seed)
        let b = Matrix.normal(70, 12, seed: seed + 10).map { row, column, value in
            Float(column) * value + 2
        }
        let distance = try FrechetDistance.between(a, b)
        #expect(distance > 1)
        // A column of b is constant, and the square root of a rounding error is not so small.
        #expect(abs(try FrechetDistance.between(b, a) / distance - 1) < 1e-7)
        #expect(try FrechetDistance.between(a, a) < 1e-10)
        #expect(try FrechetDistance.between(b, b) < 1e-6 * distance)
        let turned = try FrechetDistance.between(
            a.rotated(seed: seed + 20), b.rotated(seed: seed + 20))
        #expect(abs(turned / distance - 1) < 1e-5)
    }

    /// The formula is of first order, and the mean of ten pairs of sets varies by a few per cent.
    @Test func frechetBiasOfWhitenedFeatures() throws {
        let (features, n1, n2) = (16, 800, 1600)
        let distances = try (0..<10).map { seed in
            try FrechetDistance.between(
                .normal(n1, features, seed: seed), .normal(n2, features, seed: seed + 100))
        }
        let bias = FrechetDistance.whitenedBias(dimensions: features, samples: n1, n2)
        #expect(abs(bias - (16 + 68) * (1 / 800.0 + 1 / 1600.0)) < 1e-12)
        let mean = distances.reduce(0, +) / 10
        #expect(abs(mean / bias - 1) < 0.05, "\(mean) \(bias)")
    }

    /// Features that are always 0 change nothing, and the distance of constant images follows the formula.
    @Test func frechetOfSingularCovariances() throws {
        let (a, b) = (Matrix.normal(200, 6, seed: 1), Matrix.normal(200, 6, seed: 2))
        func padded(_ m: Matrix) -> Matrix {
            Matrix(
                rows: m.rows, columns: 9,
                values: (0..<m.rows).flatMap { [0, 0] + m.row($0) + [7] })
        }
        let distance = try FrechetDistance.between(a, b)
        #expect(abs(try FrechetDistance.between(padded(a), padded(b)) - distance) < 1e-9)

        let single = a.map { _, _, _ in 2 }
        let collapsed = try FrechetDistance.between(single, b)
        let columns = (0..<6).map { column in
            (0..<200).map { Double(b.values[6 * $0 + column]) }
        }
        let mean = columns.map { $0.reduce(0, +) / 200 }
        let variance = b.values.enumerated().reduce(0) { sum, entry in
            let d = Double(entry.element) - mean[entry.offset % 6]
            return sum + d * d / 199
        }
        let shift = mean.reduce(0) { $0 + ($1 - 2) * ($1 - 2) }
        #expect(abs(collapsed - variance - shift) < 1e-9)
    }

    /// A = Q diag(lambda) Q' with lambda over 12 orders of magnitude, and half of them 0.
    @Test func eigenvalues() {
        let side = 20
        let turned = Matrix.oneHot(Array(0..<side), of: side).rotated(seed: 5)
        let lambda = (0..<side).map { $0 % 2 == 0 ? 0 : LibM.pow(10, Double($0 - 10) * 0.6) }
        var (basis, scaled) = (SquareMatrix(side: side), SquareMatrix(side: side))
        for i in 0..<side {
            for j in 0..<side {
                basis[i, j] = Double(turned.row(i)[i * side + j])
                scaled[i, j] = basis[i, j] * lambda[j]
            }
        }
        var matrix = scaled.times(transposed: basis)
        let found = matrix.orthogonalizeRows().sorted()
        let largest = lambda.max() ?? 0
        // The basis is in single precision, so it is orthogonal to 1e-7.
        for (x, y) in zip(found, lambda.sorted()) { #expect(abs(x - y) < 1e-6 * largest) }
        for i in 0..<side {
            for j in 0..<i {
                var product = 0.0
                for k in 0..<side { product += matrix[i, k] * matrix[j, k] }
                #expect(abs(product) < 1e-13 * largest * largest)
            }
        }
    }

    // MARK: Kernel distance

    /// The definition in double precision.
    private func kernelDistance(_ x: Matrix, _ y: Matrix) -> Double {
        func mean(_ a: Matrix, _ b: Matrix, same: Bool) -> Double {
            var (sum, count) = (0.0, 0.0)
            for i in 0..<a.rows {
                for j in 0..<b.rows where !(same && i == j) {
                    let dot = zip(a.row(i), b.row(j)).reduce(0.0) {
                        $0 + Double($1.0) * Double($1.1)
                    }
                    sum += LibM.pow(dot / Double(a.columns) + 1, 3)
                    count += 1
                }
            }
            return sum / count
        }
        return mean(x, x, same: true) + mean(y, y, same: true) - 2 * mean(x, y, same: false)
    }

    @Test(arguments: [2, 31, 100])
    func kernelDistanceIsItsFormula(count: Int) throws {
        let (x, y) = (
            Matrix.normal(count, 5, seed: 1), Matrix.normal(count, 5, seed: 2).map { $2 + 1 }
        )
        let found = try KernelDistance.between(
            x, y, subsets: [(a: Array(0..<count), b: Array((0..<count).reversed()))])
        let expected = kernelDistance(x, y)
        #expect(abs(found[0] - expected) < 1e-5 * abs(expected), "\(found) \(expected)")
    }

    /// Subsets that overlap share the kernel of all rows, which is computed in blocks; others do not.
    @Test(arguments: [(1100, 1201), (700, 900), (2500, 2400)])
    func subsetsOfKernelDistance(rows: (Int, Int)) throws {
        let x = Matrix.normal(rows.0, 5, seed: 1)
        let y = Matrix.normal(rows.1, 5, seed: 2).map { $2 + 1 }
        func some(_ matrix: Matrix, _ subset: Int) -> [Int] {
            BatchLoader.permutation(matrix.rows, seed: 3, epoch: subset, stream: "test")
                .prefix(600).map(Int.init)
        }
        let subsets = (0..<30).map { (a: some(x, $0), b: some(y, $0)) }
        #expect(SubsetRows.overlap(x, subsets.map(\.a)) == (rows.0 < 2000))
        let found = try KernelDistance.between(x, y, subsets: subsets)
        #expect(found.count == 30)
        for (found, subset) in zip(found, subsets).prefix(3) {
            let expected = kernelDistance(x.picking(subset.a), y.picking(subset.b))
            #expect(abs(found - expected) < 1e-5 * abs(expected), "\(found) \(expected)")
        }
    }

    /// Unbiased: the mean over 400 independent pairs of small sets is 0 within its standard error.
    @Test func kernelDistanceIsZeroOnAverage() throws {
        let all = Matrix.normal(8000, 6, seed: 3)
        let subsets = (0..<400).map { set in
            (a: Array(20 * set..<20 * set + 10), b: Array(20 * set + 10..<20 * set + 20))
        }
        let distances = try KernelDistance.between(all, all, subsets: subsets)
        let mean = distances.reduce(0, +) / 400
        let variance = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400
        #expect(abs(mean) < 3 * (variance / 400).squareRoot())
        #expect(distances.contains { $0 < 0 })
    }

    /// What an earlier evaluation found out about the real samples changes no bit of the next, and is forgotten with them.
    @Test func knownFiguresChangeNothing() throws {
        let first = MetricInput.normal(300)
        _ = try first.figures()
        var second = first
        second.generated = Features(.normal(300, 8, seed: 9))
        var others = second
        others.training = Features(.normal(300, 8, seed: 10))
        var seeded = second
        seeded.seed = 11
        for input in [second, others, seeded] {
            let fresh = MetricInput(
                generated: input.generated, training: input.training, test: input.test,
                classShares: input.classShares, seed: input.seed)
            #expect(try input.figures() == fresh.figures())
        }
    }

    @Test func kernelDistanceFollowsTheSeed() throws {
        var input = MetricInput.normal(300)
        let first = try KernelDistance.figures(input)
        #expect(try KernelDistance.figures(input) == first)
        #expect(first[1] > 0)
        input.seed = 7
        #expect(try KernelDistance.figures(input) != first)
        #expect(abs(first[0]) < first[1])
    }

    // MARK: Score

    @Test(arguments: [2, 10, 47])
    func scoreOfCertainClasses(classes: Int) throws {
        let even = Matrix.oneHot((0..<20 * classes).map { $0 % classes }, of: classes)
        #expect(abs(try Score.of(even) - Double(classes)) < 1e-9)
        let single = Matrix.oneHot(Array(repeating: 1, count: 50), of: classes)
        #expect(abs(try Score.of(single) - 1) < 1e-12)
        let undecided = even.map { _, _, _ in 1 / Float(classes) }
        #expect(abs(try Score.of(undecided) - 1) < 1e-6)
    }
}
