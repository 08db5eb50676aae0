/// How far a classifier's confidence, the largest probability of an image, is from how often it is right.
public enum CalibrationError {
    /// The expected calibration error. Images are put into `bins` equal ranges of confidence; a bin counts as |share
    /// of its images that are classified correctly - their mean confidence|, weighed by their number (Naeini et al., "Obtaining
    /// well calibrated probabilities using Bayesian binning", 2015).
    ///
    /// - Parameters:
    ///   - probabilities: [N, K], rows sum to 1.
    ///   - labels: N true classes.
    /// - Returns: from 0 to 1; misuse where there are not as many labels as rows, no rows or no bins.
    public static func expected(
        _ probabilities: Matrix, labels: [Int], bins: Int = 15
    ) -> Double {
        if probabilities.rows != labels.count || labels.isEmpty || bins < 1 {
            misuse("\(labels.count) labels for \(probabilities.rows) images in \(bins) bins")
        }
        // Images classified correctly less the confidence in them, bin by bin.
        var excess = [Double](repeating: 0, count: bins)
        for (row, label) in labels.enumerated() {
            let (predicted, confidence) = probabilities.largest(inRow: row)
            let bin = max(0, min(bins - 1, Int(Double(confidence) * Double(bins))))
            excess[bin] += (predicted == Int(label) ? 1 : 0) - Double(confidence)
        }
        return excess.reduce(0) { $0 + abs($1) } / Double(labels.count)
    }

    /// What the expected calibration error is about, by chance alone, for a classifier whose confidence is
    /// right: a bin's excess of images classified correctly then has the variance sum of c (1 - c), and a normal number of standard
    /// deviation s is sqrt(2 / pi) s away from zero on average.
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
