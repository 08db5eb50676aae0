import Foundation
import Ganymede
import TestSupport
import Testing

/// Calibration, quality and confusion of a classifier, against closed forms and samples of the assumed distributions.
@Suite(.timeLimit(.minutes(20)))
struct CalibrationTests {
    /// Two classes; each image is predicted as class 0 with this confidence.
    private func sure(_ confidences: [Double]) -> Matrix {
        Matrix(
            rows: confidences.count, columns: 2,
            values: confidences.flatMap { [Float($0), Float(1 - $0)] })
    }

    @Test func oneBinIsADifference() {
        let probabilities = sure([Double](repeating: 0.8, count: 10))
        for wrong in 0...10 {
            let labels = (0..<10).map { $0 < wrong ? 1 : 0 }
            let error = CalibrationError.expected(probabilities, labels: labels)
            #expect(abs(error - abs(Double(10 - wrong) / 10 - 0.8)) < 1e-7)
        }
    }

    /// Errors of different bins do not cancel; errors within one bin do.
    @Test func binsAreWeighedByTheirImages() {
        let probabilities = sure([0.6, 0.6, 0.9, 0.9, 0.9, 1, 1, 1])
        let labels: [Int] = [0, 0, 0, 0, 1, 0, 0, 1]
        let excess: [Double] = [2 - 1.2, 2 - 2.7, 2 - 3]
        let expected = excess.map(abs).reduce(0, +) / 8
        #expect(abs(CalibrationError.expected(probabilities, labels: labels) - expected) < 1e-6)
        let together = abs(excess.reduce(0, +)) / 8
        let error = CalibrationError.expected(probabilities, labels: labels, bins: 1)
        #expect(abs(error - together) < 1e-6)
    }

    /// For images that are calibrated by construction, the measured error is the expected error by chance.
    @Test func chanceIsWhatACalibratedClassifierShows() {
        var numbers = TestNumbers(seed: 5)
        let confidences = (0..<3000).map { _ in numbers.uniform(0.5...1) }
        let probabilities = sure(confidences)
        let draws = 60
        let mean =
            (0..<draws).map { _ in
                let labels = confidences.map { numbers.uniform(0...1) < $0 ? 0 : 1 }
                return CalibrationError.expected(probabilities, labels: labels)
            }.reduce(0, +) / Double(draws)
        let expected = CalibrationError.byChance(probabilities)
        #expect(abs(mean - expected) < 0.1 * expected, "\(mean) \(expected)")
    }

    /// Fitting recovers the temperature that labels were drawn with, at any scale of the logits.
    @Test(arguments: [0.5, 1, 3])
    func temperatureIsFound(truth: Double) {
        var numbers = TestNumbers(seed: 11)
        let logits = Matrix(
            rows: 20_000, columns: 4,
            values: (0..<80_000).map { _ in Float(numbers.uniform(-4...4)) })
        let labels = (0..<logits.rows).map { row -> Int in
            let values = logits.values[row * 4..<row * 4 + 4]
            var left = numbers.uniform(0...1)
            for (label, share) in Temperature.softmax(values, temperature: truth).enumerated() {
                left -= share
                if left < 0 { return label }
            }
            return 3
        }
        let found = Temperature.fitted(logits: logits, labels: labels)
        #expect(abs(found / truth - 1) < 0.03, "\(found)")
        let twice = Matrix(rows: logits.rows, columns: 4, values: logits.values.map { $0 * 2 })
        #expect(abs(Temperature.fitted(logits: twice, labels: labels) / found - 2) < 1e-6)
    }

    /// Without errors the maximum-likelihood temperature is zero, and with only errors it is infinite.
    @Test func temperatureStaysFinite() {
        let logits = Matrix(rows: 2, columns: 2, values: [5, -5, -5, 5])
        let right = Temperature.fitted(logits: logits, labels: [0, 1])
        let wrong = Temperature.fitted(logits: logits, labels: [1, 0])
        #expect(right > 0.05 && right < 0.07 && wrong > 15 && wrong <= 16.1)
    }

    @Test func softmaxDoesNotOverflow() {
        let found = Temperature.softmax([1000, 1001, -1000], temperature: 1)
        #expect(abs(found[1] - 1 / (1 + exp(-1))) < 1e-12 && found[2] == 0)
    }

    @Test func qualityOfKnownProbabilities() {
        // Equally frequent classes, predicted with certainty: the score is the number of classes.
        let classes = 10
        let one = (0..<100).flatMap { row in
            (0..<classes).map { Float($0 == row % classes ? 1 : 0) }
        }
        let certain = ClassifierQuality(
            Matrix(rows: 100, columns: classes, values: one),
            labels: (0..<100).map { $0 % classes })
        #expect(abs(certain.score - 10) < 1e-5)
        #expect(certain.accuracy == 1 && certain.confidence == 1 && certain.calibrationError == 0)
        #expect(certain.calibrationErrorByChance == 0)
        // Uniform predictions: the score is 1.
        let even = ClassifierQuality(
            Matrix(rows: 4, columns: 4, values: [Float](repeating: 0.25, count: 16)),
            labels: [0, 1, 2, 3])
        #expect(abs(even.score - 1) < 1e-6 && even.accuracy == 0.25 && even.confidence == 0.25)
    }

    @Test func confusionCounts() throws {
        let probabilities = Matrix(
            rows: 5, columns: 3,
            values: [0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.6, 0.2, 0.2, 0, 0, 1, 0.2, 0.5, 0.3])
        let confusion = Confusion(
            probabilities, labels: [0, 1, 1, 1, 0], classNames: ["a", "b<", "c"])
        #expect(confusion.counts == [[1, 1, 0], [1, 1, 1], [0, 0, 0]])
        #expect(confusion.total == 5 && confusion.accuracy == 0.4)
        #expect(confusion.recalls == [0.5, 1.0 / 3, nil])
        let svg = confusion.svg
        #expect(svg.components(separatedBy: "<rect").count - 1 == 5)
        #expect(svg.contains("40.00% of 5") && svg.contains("b&lt;") && !svg.contains("b<"))
        let picture = try confusion.raster()
        let colours = Set(
            stride(from: 0, to: picture.pixels.count, by: 3).map {
                picture.pixels[$0..<$0 + 3].map(Int.init)
            })
        let many = Confusion(
            Matrix(rows: 0, columns: 41, values: []), labels: [],
            classNames: (0..<41).map { "\($0)" })
        #expect(throws: GanymedeError.self) { try many.raster() }
        #expect(many.accuracy.isNaN && many.svg.contains("of 0 classified correctly"))
        // Correct entries are more blue than red, wrong ones more red than blue.
        #expect(
            colours.contains { $0[2] > $0[0] + 40 } && colours.contains { $0[0] > $0[2] + 40 })
    }
}
