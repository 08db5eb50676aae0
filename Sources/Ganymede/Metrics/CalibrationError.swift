/// How far a classifier's confidence, the largest probability of an image, is from its accuracy.
public enum CalibrationError {
    /// The expected calibration error. Images are sorted into `bins` equal ranges of confidence. The error is the mean
    /// of |accuracy - mean confidence| over the bins, weighted by their numbers of images (Naeini et al., "Obtaining
    /// well calibrated probabilities using Bayesian binning", 2015).
    ///
    /// - Parameters:
    ///   - probabilities: [N, K], rows sum to 1.
    ///   - labels: N true classes.
    ///   - bins: equally wide ranges of the confidence.
    /// - Returns: from 0 to 1; misuse if there are not as many labels as rows, no rows or no bins.
    public static func expected(
        _ probabilities: Matrix, labels: [Int], bins: Int = 15
    ) -> Double {
        if probabilities.rows != labels.count || labels.isEmpty || bins < 1 {
            misuse("\(labels.count) labels for \(probabilities.rows) images in \(bins) bins")
        }
        // For each bin, the number of images classified correctly minus the sum of their confidences.
        var excess = [Double](repeating: 0, count: bins)
        for (row, label) in labels.enumerated() {
            let (predicted, confidence) = probabilities.largest(inRow: row)
            let bin = max(0, min(bins - 1, Int(Double(confidence) * Double(bins))))
            excess[bin] += (predicted == Int(label) ? 1 : 0) - Double(confidence)
        }
        return excess.reduce(0) { $0 + abs($1) } / Double(labels.count)
    }

    /// Approximately the expected calibration error that a perfectly calibrated classifier has by chance. The excess of
    /// correctly classified images in a bin has the variance sum of c (1 - c) over their confidences c. The mean
    /// absolute value of a normal variable with mean 0 and standard deviation s is sqrt(2 / pi) s.
    public static func byChance(_ probabilities: Matrix, bins: Int = 15) -> Double {
        if probabilities.rows == 0 || bins < 1 {
            misuse("\(probabilities.rows) images in \(bins) bins")
        }
        var variances = [Double](repeating: 0, count: bins)
        for row in 0..<probabilities.rows {
            let confidence = Double(probabilities.largest(inRow: row).value)
            let bin = max(0, min(bins - 1, Int(confidence * Double(bins))))
            variances[bin] += confidence * (1 - min(confidence, 1))
        }
        let total = variances.reduce(0) { $0 + (2 / .pi * $1).squareRoot() }
        return total / Double(probabilities.rows)
    }
}
