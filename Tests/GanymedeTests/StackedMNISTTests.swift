import Ganymede
import TestSupport
import Testing

/// Stacked MNIST: three digits as the channels of an image.
@Suite(.timeLimit(.minutes(20)))
struct StackedMNISTTests {
    @Test func stacksAreAlwaysTheSame() throws {
        let data = try DataSource("stacked-mnist").load()
        #expect(data.count == 128_000 && data.image == [28, 28, 3])
        #expect(data.pixels.count == 60_000 * 784, "made as they are needed")
        #expect(data.digest == "b4bfe264c196f1cb60cdeca319f20db383d2fa37285420d41ef863143a465f1a")
        let error = #expect(throws: GanymedeError.self) {
            try DataSource("stacked-mnist").load(channels: 1)
        }
        #expect(error?.message.forCommands == "stacked-mnist is in colour: --channels 3, not 1")
    }

    /// A label's digits are the classes of red, green and blue, and the frequency of each of 1000 classes is the
    /// product of its digits' frequencies.
    @Test func labelsAreThreeDigits() throws {
        let known = NamedDataset.stackedMNIST
        for (split, count) in [(NamedDataset.Split.training, 128_000), (.test, 26_000)] {
            let digits = try #require(try NamedDataset.mnist.load(split).labels)
            let data = try known.load(split)
            let (labels, stacks) = (try #require(data.labels), try #require(data.stacks))
            #expect(data.count == count && labels.count == count && stacks.count == 3 * count)
            #expect(
                labels.indices.allSatisfy { index in
                    let own = (0..<3).map { digits[Int(stacks[3 * index + $0])] }
                    return labels[index] == 100 * own[0] + 10 * own[1] + own[2]
                })
            var shares = [Double](repeating: 0, count: 10)
            for digit in digits { shares[digit] += 1 / Double(digits.count) }
            var counts = [Double](repeating: 0, count: 1000)
            for label in labels { counts[label] += 1 }
            // Pearson's chi-squared statistic with 999 degrees of freedom is within five standard deviations.
            let statistic = counts.indices.reduce(0.0) { sum, label in
                let share = shares[label / 100] * shares[label / 10 % 10] * shares[label % 10]
                let expected = share * Double(count)
                return sum + (counts[label] - expected) * (counts[label] - expected) / expected
            }
            #expect(abs(statistic - 999) < 5 * (2 * 999.0).squareRoot(), "\(statistic)")
            #expect(known.classNames[labels[0]].count == 3)
        }
    }

    /// Evaluating every grey image once gives the same features as evaluating the three channels.
    @Test func greyImagesAreSeenOnce() throws {
        let data = try DataSource("stacked-mnist").load().picking([5, 77_777, 5, 127_999, 64])
        let images = Dataset(
            name: "images", image: [28, 28, 3], pixels: data.allPixels, labels: nil)
        let extractor = try FeatureExtractor(DataSource("stacked-mnist"))
        let (a, b) = (try extractor.observe(data), try extractor.observe(images))
        #expect(a.features == b.features && a.probabilities == b.probabilities)
    }

    /// Images, batches and resized images equal those composed by hand.
    @Test(arguments: [28, 8])
    func batchesAreComposed(size: Int) throws {
        let greys = try DataSource.mnist.load(size: size, channels: 1)
        let data = try DataSource("stacked-mnist").load(size: size)
        let stacks = try #require(data.stacks)
        let area = size * size
        func image(_ index: Int) -> [UInt8] {
            (0..<area * 3).map { place in
                greys.pixels[Int(stacks[3 * index + place % 3]) * area + place / 3]
            }
        }
        for index in [0, 1, 77_777, 127_999] { #expect(data.pixels(of: index) == image(index)) }
        var loader = try BatchLoader(data, batch: 32, seed: 2)
        var batch = [Float](repeating: 0, count: 32 * area * 3)
        batch.withUnsafeMutableBufferPointer { loader.fill($0, step: 4_001) }
        // The second batch of the second epoch.
        let order = BatchLoader.permutation(data.count, seed: 2, epoch: 1)[32..<64]
        let bytes: [UInt8] = order.flatMap { image(Int($0)) }
        let expected: [Float] = bytes.map { Float($0) * (1 / 127.5) - 1 }
        #expect(batch == expected)
    }
}
