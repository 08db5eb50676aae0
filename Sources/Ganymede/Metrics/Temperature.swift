/// Temperature scaling: logits are divided by a temperature before the softmax, so that confidence matches accuracy
/// (Guo et al., "On calibration of modern neural networks", 2017). It changes no prediction.
package enum Temperature {
    /// The range of the search. Calibration images without a mistake would give a temperature of zero.
    private static let range = 1.0 / 16...16

    /// The temperature that maximizes the likelihood of labels that the classifier was not trained on.
    ///
    /// The cross-entropy is convex in b = 1 / temperature. Its derivative is the mean of (expected logit - true class's
    /// logit), whose zero is found by bisection to the precision of a float.
    package static func fitted(logits: Matrix, labels: [Int]) -> Double {
        var (low, high) = (1 / range.upperBound, 1 / range.lowerBound)
        for _ in 0..<30 {
            let middle = (low * high).squareRoot()
            if slope(logits, labels, middle) > 0 { high = middle } else { low = middle }
        }
        return 1 / (low * high).squareRoot()
    }

    private static func slope(_ logits: Matrix, _ labels: [Int], _ inverse: Double) -> Double {
        labels.enumerated().reduce(0) { total, image in
            let row = logits.row(image.offset)
            let expected = zip(softmax(row, temperature: 1 / inverse), row).reduce(0) {
                $0 + $1.0 * Double($1.1)
            }
            return total + expected - Double(row[row.startIndex + Int(image.element)])
        }
    }

    /// e^(x / temperature) / sum of e^(x / temperature), in double precision.
    package static func softmax(_ logits: some Collection<Float>, temperature: Double) -> [Double] {
        let largest = Double(logits.max() ?? 0)
        let powers = logits.map { LibM.exp((Double($0) - largest) / temperature) }
        let total = powers.reduce(0, +)
        return powers.map { $0 / total }
    }
}

extension Matrix {
    /// The softmax of each row of logits.
    func softmax(temperature: Double) -> Matrix {
        var probabilities: [Float] = []
        probabilities.reserveCapacity(values.count)
        for index in 0..<rows {
            probabilities += Temperature.softmax(row(index), temperature: temperature).map(
                Float.init)
        }
        return Matrix(rows: rows, columns: columns, values: probabilities)
    }
}
