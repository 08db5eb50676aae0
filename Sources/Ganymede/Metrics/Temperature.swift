/// What logits are divided by before they become probabilities, so that confidence is how often the classifier is
/// right (Guo et al., "On calibration of modern neural networks", 2017). It changes no prediction.
package enum Temperature {
    /// Temperatures that are tried: a slice without a mistake would ask for zero.
    private static let range = 1.0 / 16...16

    /// The temperature under which labels that the classifier has not learned from are likeliest.
    ///
    /// The cross-entropy is convex in b = 1 / temperature, and its slope is the mean of (the logits' expectation - the
    /// true class's logit): bisected until b is known to float's precision.
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
    /// Each row of logits as probabilities.
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
