/// The quality of a classifier on labelled images.
public struct ClassifierQuality: Codable, Equatable, Sendable {
    /// The number of images.
    public let images: Int
    /// The fraction that it classifies correctly.
    public let accuracy: Double
    /// The mean of each image's largest probability. It equals the accuracy of a calibrated classifier.
    public let confidence: Double
    /// See ``CalibrationError/expected(_:labels:bins:)``, in 15 bins.
    public let calibrationError: Double
    /// The expected calibration error of a perfectly calibrated classifier: see ``CalibrationError/byChance(_:bins:)``.
    public let calibrationErrorByChance: Double
    /// exp(mean of KL(p(y|x) || p(y))), from 1 to the number of classes (Salimans et al., "Improved techniques for
    /// training GANs", 2016).
    public let score: Double

    /// The quality of class probabilities [N, K] for N images with `labels`, of which there is at least one.
    public init(_ probabilities: Matrix, labels: [Int]) {
        let count = Double(labels.count)
        var (right, sure, information) = (0, 0.0, 0.0)
        var shares = [Double](repeating: 0, count: probabilities.columns)
        for (row, label) in labels.enumerated() {
            let (predicted, confidence) = probabilities.largest(inRow: row)
            right += predicted == Int(label) ? 1 : 0
            sure += Double(confidence)
            for (index, value) in probabilities.row(row).enumerated() where value > 0 {
                shares[index] += Double(value) / count
                information += Double(value) * LibM.log(Double(value)) / count
            }
        }
        images = labels.count
        accuracy = Double(right) / count
        confidence = sure / count
        calibrationError = CalibrationError.expected(probabilities, labels: labels)
        calibrationErrorByChance = CalibrationError.byChance(probabilities)
        score = LibM.exp(
            shares.reduce(information) { $1 > 0 ? $0 - $1 * LibM.log($1) : $0 })
    }

    /// Whether the accuracy is three standard deviations above guessing among `classes`.
    func isBetterThanChance(classes: Int) -> Bool {
        let chance = 1 / Double(classes)
        let deviation = (chance * (1 - chance) / Double(max(images, 1))).squareRoot()
        return accuracy > chance + 3 * deviation
    }

    /// Two lines of text.
    public var text: String {
        """
        \(fixed(accuracy * 100, 2))% of \(grouped(images)) test images classified correctly, score \(fixed(score, 3))
        confidence \(fixed(confidence * 100, 2))%, calibration error \(fixed(calibrationError * 100, 2))% (by chance alone \(fixed(calibrationErrorByChance * 100, 2))%)
        """
    }
}
