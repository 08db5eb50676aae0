import Engine
import Ganymede

extension Matrix {
    /// Independent standard normal values.
    static func normal(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        let key = RandomKey(seed: seed, step: 0)
        return Matrix(
            rows: rows, columns: columns,
            values: Random.draw(.normal, count: rows * columns, stream: "test", key: key))
    }

    /// Maps each value, given its row and column.
    func map(_ change: (_ row: Int, _ column: Int, _ value: Float) -> Float) -> Matrix {
        Matrix(
            rows: rows, columns: columns,
            values: values.enumerated().map { change($0 / columns, $0 % columns, $1) })
    }

    /// Applies random rotations of pairs of columns to each row.
    func rotated(seed: UInt64) -> Matrix {
        let angles = Matrix.normal(columns, columns, seed: seed)
        var values = self.values.map(Double.init)
        for i in 0..<columns {
            for j in i + 1..<columns {
                let angle = Double(angles.values[i * columns + j])
                let (cosine, sine) = (LibM.cos(angle), LibM.sin(angle))
                for row in 0..<rows {
                    let (a, b) = (values[row * columns + i], values[row * columns + j])
                    values[row * columns + i] = cosine * a - sine * b
                    values[row * columns + j] = sine * a + cosine * b
                }
            }
        }
        return Matrix(rows: rows, columns: columns, values: values.map(Float.init))
    }

    /// One-hot rows of these classes.
    static func oneHot(_ classes: [Int], of count: Int) -> Matrix {
        Matrix(
            rows: classes.count, columns: count,
            values: classes.flatMap { label in (0..<count).map { $0 == label ? 1 : 0 } })
    }
}

extension Features {
    /// Features with classes 0, 1, ..., repeated cyclically.
    init(_ features: Matrix, classes: Int = 10) {
        self.init(
            features: features,
            probabilities: .oneHot((0..<features.rows).map { $0 % classes }, of: classes))
    }
}

extension MetricInput {
    /// Standard normal features of `count` generated, training and test images.
    static func normal(_ count: Int, features: Int = 8, seed: UInt64 = 1) -> MetricInput {
        MetricInput(
            generated: Features(.normal(count, features, seed: seed)),
            training: Features(.normal(count, features, seed: seed + 1)),
            test: Features(.normal(count, features, seed: seed + 2)),
            classShares: .init(repeating: 0.1, count: 10))
    }

    /// All metrics that have enough images.
    func figures() throws -> [String: Double] {
        let metrics = Metrics.all.filter { $0.minimumSamples <= generated.count }
        let figures = try metrics.flatMap { try Metrics.figures($0, self) }
        return Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value) })
    }
}
