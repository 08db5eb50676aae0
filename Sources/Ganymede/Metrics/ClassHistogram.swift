/// How often each of K classes occurs in N samples.
public struct ClassHistogram: Sendable, Equatable {
    /// Samples of each class, [K].
    public let counts: [Int]
    /// All samples, N.
    public let total: Int

    /// Counts the classes of samples; misuse if there is no sample, or one whose class is not in 0..<`classes`.
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

    /// Counts the most likely class of each row of [N, K]; the first of equally likely ones.
    public init(mostLikely probabilities: Matrix) {
        let classes = (0..<probabilities.rows).map { probabilities.largest(inRow: $0).column }
        self.init(classes, classes: probabilities.columns)
    }

    /// The share of each class, [K].
    var shares: [Double] { counts.map { Double($0) / Double(total) } }

    /// The number of classes that occur.
    public var hit: Int { counts.count { $0 > 0 } }

    /// KL(histogram || shares) in nats: 0 if they are equal, log K if all samples are of one of K equal classes,
    /// infinite if a class occurs whose share is 0. Samples drawn from the shares have ``bias`` on average.
    public func divergence(from shares: [Double]) -> Double {
        if shares.count != counts.count {
            misuse("\(shares.count) shares of \(counts.count) classes")
        }
        return zip(counts, shares).reduce(0) { sum, pair in
            let p = Double(pair.0) / Double(total)
            return p > 0 ? sum + p * LibM.log(p / pair.1) : sum
        }
    }

    /// The divergence from equal shares of all classes.
    public var divergenceFromUniform: Double {
        divergence(from: .init(repeating: 1 / Double(counts.count), count: counts.count))
    }

    /// (K - 1) / 2N: the expected divergence, to first order, of N samples drawn from the shares themselves (Miller,
    /// "Note on the bias of information estimates", 1955).
    public var bias: Double { ClassHistogram.bias(classes: counts.count, samples: total) }

    static func bias(classes: Int, samples: Int) -> Double {
        Double(classes - 1) / Double(2 * samples)
    }
}
