import Engine
import Ganymede
import TestSupport
import Testing

/// Numbers of modes, and the divergence from the expected class distribution.
@Suite(.timeLimit(.minutes(20)))
struct MetricModeTests {
    @Test func histogramsOfClasses() {
        let histogram = ClassHistogram([0, 2, 2, 2], classes: 4)
        #expect(histogram.counts == [1, 0, 3, 0])
        #expect(histogram.hit == 2)
        let expected = 0.25 * LibM.log(0.25 / 0.5) + 0.75 * LibM.log(0.75 / 0.25)
        #expect(abs(histogram.divergence(from: [0.5, 0.125, 0.25, 0.125]) - expected) < 1e-12)
        #expect(histogram.divergence(from: [0.5, 0.5, 0, 0]) == .infinity)
        #expect(histogram.divergence(from: [0.25, 0, 0.75, 0]) == 0)
        #expect(histogram.bias == 3 / 8.0)
        let single = ClassHistogram(repeatElement(3, count: 9), classes: 5)
        #expect(abs(single.divergenceFromUniform - LibM.log(5)) < 1e-12)
    }

    @Test func mostLikelyClasses() {
        let probabilities = Matrix(
            rows: 3, columns: 3, values: [0.2, 0.5, 0.3, 0.4, 0.4, 0.2, 0, 0, 1])
        #expect((0..<3).map { probabilities.largest(inRow: $0).column } == [1, 0, 2])
        #expect(ClassHistogram(mostLikely: probabilities).counts == [1, 1, 1])
    }

    @Test func modesOfImages() throws {
        var input = MetricInput.normal(1000)
        let classes = (0..<1000).map { $0 % 4 == 0 ? 9 : $0 % 8 }
        input.generated = Features(
            features: input.generated.features, probabilities: .oneHot(classes, of: 10))
        // 250 nines; 1, 3, 5 and 7 have 125 each, 2 and 6 as well.
        let figures = try input.figures()
        #expect(figures["modes"] == 7)
        let expected = 0.25 * LibM.log(2.5) + 0.75 * LibM.log(1.25)
        #expect(abs((figures["mode_kl_uniform"] ?? 0) - expected) < 1e-12)
        #expect(abs((figures["mode_kl"] ?? 0) - expected) < 1e-12)
        input.classShares = classes.reduce(into: .init(repeating: 0.0001, count: 10)) {
            $0[$1] += 0.001 * 0.999
        }
        #expect((try input.figures()["mode_kl"] ?? 1) < 0.01)
    }

    /// The lower bound of the protocol: 26,000 perfect samples of 1000 equal classes have a divergence of 0.0193.
    @Test func stackedModesOfPerfectSamples() {
        let divergences = (0..<10).map { (seed: UInt64) in
            let digits = Random.draw(
                .uniform, count: 3 * 26_000, stream: "test", key: RandomKey(seed: seed, step: 0)
            ).map { Int($0 * 10) }
            let classes = stride(from: 0, to: digits.count, by: 3).map { first -> Int in
                let (a, b, c) = (digits[first], digits[first + 1], digits[first + 2])
                return 100 * a + 10 * b + c
            }
            let histogram = ClassHistogram(classes, classes: 1000)
            #expect(histogram.hit == 1000)
            #expect(abs(histogram.bias - 0.0192) < 0.0001)
            return histogram.divergenceFromUniform
        }
        let mean = divergences.reduce(0, +) / 10
        #expect(abs(mean - 0.0193) < 0.0005, "\(mean)")
    }

    /// The combined classes of three channels are three-digit numbers, with the first channel's digit first.
    @Test func stackedModesAreThreeDigits() throws {
        let digits = [[1, 1, 9, 0], [2, 2, 9, 4], [3, 3, 9, 7]]
        let channels = digits.enumerated().map { channel, digits in
            Features(
                features: .normal(4, 5, seed: UInt64(channel)),
                // Not one-hot, so that the product of the channels' probabilities matters.
                probabilities: Matrix.oneHot(digits, of: 10).map { 0.04 + 0.6 * $2 })
        }
        let seen = Features(stacking: channels)
        #expect(
            (0..<4).map { seen.probabilities.largest(inRow: $0).column } == [123, 123, 999, 47])
        #expect(abs(seen.probabilities.row(0).reduce(0, +) - 1) < 1e-4)
        #expect(abs(seen.probabilities.row(0)[123] - 0.64 * 0.64 * 0.64) < 1e-5)
        for row in 0..<4 {
            #expect(Array(seen.features.row(row)) == channels.flatMap { $0.features.row(row) })
        }
        let histogram = ClassHistogram(mostLikely: seen.probabilities)
        #expect(histogram.hit == 3 && histogram.counts[123] == 2)
    }

    /// The grid of 25 Gaussians: its own samples, samples of half the modes, and noise.
    @Test func toyModes() throws {
        let steps: [Float] = [-4, -2, 0, 2, 4]
        let centres = Matrix(
            rows: 25, columns: 2, values: steps.flatMap { x in steps.flatMap { y in [x, y] } })
        let noise = Matrix.normal(20_000, 2, seed: 1)
        func grid(_ modes: Int, _ deviation: Float) throws -> MixtureModes {
            let points = noise.map { row, column, value in
                centres.values[row % modes * 2 + column] + deviation * value
            }
            return try MixtureModes(points, centres: centres, deviation: 0.05)
        }
        let perfect = try grid(25, 0.05)
        #expect(perfect.hit == 25)
        #expect(abs(perfect.highQualityShare - (1 - LibM.exp(-4.5))) < 0.003)
        #expect(perfect.histogram.divergenceFromUniform < 1e-6)
        let half = try grid(12, 0.05)
        #expect(half.hit == 12)
        #expect(abs(half.histogram.divergenceFromUniform - LibM.log(25 / 12.0)) < 1e-3)
        let blurred = try grid(25, 0.1)
        #expect(abs(blurred.highQualityShare - (1 - LibM.exp(-1.125))) < 0.015)
        let broken = noise.map { row, _, value in row == 9 ? .nan : value }
        #expect(throws: GanymedeError.self) {
            try MixtureModes(broken, centres: centres, deviation: 0.05)
        }
    }
}
