/// A confusion matrix: how often images of each class are classified as each class.
public struct Confusion: Sendable, Equatable {
    /// [K, K]: `counts[truth][prediction]`.
    public let counts: [[Int]]
    /// The names of the classes.
    public let classNames: [String]

    /// Counts N images with `labels` whose class probabilities are [N, K]; misuse if the counts do not match, or if a
    /// label is K or more.
    public init(_ probabilities: Matrix, labels: [Int], classNames: [String]) {
        let classes = probabilities.columns
        if probabilities.rows != labels.count || classNames.count != classes
            || labels.contains(where: { Int($0) >= classes })
        {
            misuse(
                "\(labels.count) labels and \(classNames.count) class names for probabilities "
                    + "[\(probabilities.rows), \(classes)]")
        }
        var counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
        for (row, label) in labels.enumerated() {
            counts[Int(label)][probabilities.largest(inRow: row).column] += 1
        }
        self.counts = counts
        self.classNames = classNames
    }

    /// The number of images.
    public var total: Int { counts.joined().reduce(0, +) }

    /// The share of images that are classified correctly; NaN without images.
    public var accuracy: Double {
        Double(counts.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(total)
    }

    /// For each class, the share of its images that are classified correctly; nil for a class without images.
    public var recalls: [Double?] {
        counts.enumerated().map { truth, row in
            let images = row.reduce(0, +)
            return images == 0 ? nil : Double(row[truth]) / Double(images)
        }
    }
}
