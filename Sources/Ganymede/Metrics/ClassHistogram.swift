/// How often each of K classes occurs in N samples.
public struct ClassHistogram: Sendable, Equatable {
    /// Samples of each class, [K].
    public let counts: [Int]
    /// All samples, N.
    public let total: Int

    /// Counts the classes of samples; misuse where there is no sample, or one of another class than 0..<`classes`.
    public init(_ samples: some Sequence<Int>, classes: Int) {
        var counts = [Int](repeating: 0, count: classes)
        for sample in samples {
            if !counts.indices.contains(sample) {
                misuse("a sample of class \(sample) of \(classes)")
            }
            counts[sample] += 1
        }
        total = counts.reduce(0, +)
        if total == 0 { misuse("a histogram of no samples") }
        self.counts = counts
    }

    /// Counts the most likely class of each row of [N, K]; of equally likely ones the first.
    public init(mostLikely probabilities: Matrix) {
        let classes = (0..<probabilities.rows).map { probabilities.largest(inRow: $0).column }
        self.init(classes, classes: probabilities.columns)
    }

    /// Classes that occur.
    public var hit: Int { counts.count { $0 > 0 } }

    /// KL(histogram || shares) in nats, which is 0 where they are the same, and log K where all samples are of one of K
    /// equal classes. Infinite where a class occurs whose share is 0. Samples of the shares themselves have ``bias``
    /// on average.
    public func divergence(from shares: [Double]) -> Double {
        if shares.count != counts.count {
            misuse("\(shares.count) shares of \(counts.count) classes")
        }
        return zip(counts, shares).reduce(0) { sum, pair in
            let p = Double(pair.0) / Double(total)
            return p > 0 ? sum + p * LibM.log(p / pair.1) : sum
        }
    }

    /// KL to equal shares of all classes.
    public var divergenceFromUniform: Double {
        divergence(from: .init(repeating: 1 / Double(counts.count), count: counts.count))
    }

    /// (K - 1) / 2N: what a divergence is on average, to first order, for N samples of the shares themselves
    /// (Miller, "Note on the bias of information estimates", 1955).
    public var bias: Double { ClassHistogram.bias(classes: counts.count, samples: total) }

    static func bias(classes: Int, samples: Int) -> Double {
        Double(classes - 1) / Double(2 * samples)
    }
}
