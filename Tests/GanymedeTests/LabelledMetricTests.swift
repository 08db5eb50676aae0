import Foundation
import Ganymede
import TestSupport
import Testing

/// GAN-test, GAN-train, and the labels that they need.
@Suite(.timeLimit(.minutes(20)))
struct LabelledMetricTests {
    /// Four classes of 4x4 images that a classifier can learn: one quarter is bright.
    func quarters(_ count: Int, seed: UInt64, label: (Int) -> Int = { $0 }) -> Dataset {
        var numbers = TestNumbers(seed: seed)
        let pixels = (0..<count).flatMap { index in
            (0..<16).map { place in
                let quarter = place / 8 * 2 + place % 4 / 2
                return UInt8(numbers.next() % 100) + (quarter == index % 4 ? 150 : 0)
            }
        }
        return Dataset(
            name: "quarters", image: [4, 4, 1], pixels: pixels,
            labels: (0..<count).map { label($0 % 4) })
    }

    /// The features of a perfect evaluator.
    func seen(_ samples: Dataset) -> Features {
        let count = samples.count
        return Features(
            features: .normal(count, 4, seed: 7),
            probabilities: .oneHot((0..<count).map { $0 % 4 }, of: 4), samples: samples)
    }

    func input(_ samples: Dataset) -> MetricInput {
        let real = seen(quarters(samples.count, seed: 2))
        return MetricInput(generated: seen(samples), training: real, test: real)
    }

    /// The fraction of labels that equal the most likely class, against a direct count.
    @Test(arguments: [0, 1, 250, 1000])
    func ganTestCountsRightLabels(wrong: Int) throws {
        let samples = quarters(1000, seed: 1)
        let labels = (samples.labels ?? []).enumerated().map {
            $0.offset < wrong ? ($0.element + 1) % 4 : $0.element
        }
        let found = try Metrics.figures(
            GANTest.self,
            input(
                Dataset(name: "t", image: [4, 4, 1], pixels: samples.pixels, labels: labels)))
        #expect(found.map(\.name) == ["gan_test"])
        #expect(found[0].value == Double(1000 - wrong) / 1000)
    }

    /// A classifier learns the labels of the samples: true ones, or each class labelled as the next.
    @Test func ganTrainLearnsFromTheSamples() throws {
        func accuracy(_ label: @escaping (Int) -> Int) throws -> Double {
            try Metrics.figures(GANTrain.self, input(quarters(1000, seed: 1, label: label)))[0]
                .value
        }
        #expect(try accuracy { $0 } > 0.99)
        #expect(try accuracy { ($0 + 1) % 4 } < 0.01)
        // Two of the four classes are swapped, so half of the images are classified correctly.
        let confused = try accuracy { $0 == 1 ? 0 : $0 == 0 ? 1 : $0 }
        #expect(confused < 0.51 && confused > 0.49)
    }

    @Test func samplesWithoutClasses() throws {
        let plain = quarters(1000, seed: 1)
        for metric in Metrics.ofLabelled {
            let unlabelled = Dataset(
                name: "t", image: [4, 4, 1], pixels: plain.pixels, labels: nil)
            let none = #expect(throws: GanymedeError.self) {
                try Metrics.figures(metric, input(unlabelled))
            }
            #expect(none?.description.contains("a sub-folder of pictures for each class") == true)
            let few = #expect(throws: GanymedeError.self) {
                try Metrics.figures(metric, input(quarters(1000, seed: 1) { $0 % 2 }))
            }
            #expect(few?.description.contains("none of 2, 3") == true)
        }
    }

    /// Classes are matched by name or by number; if one is unknown, there are no labels.
    @Test func labelsOfAnotherOrder() {
        let names = ["Shirt", "Bag", "Coat"]
        func labels(_ labels: [Int]?, _ classNames: [String]?) -> [Int]? {
            Dataset(
                name: "t", image: [1, 1, 1], pixels: [0, 0, 0], labels: labels,
                classNames: classNames
            ).labelled(as: names).labels
        }
        #expect(labels([0, 1, 2], ["bag", "coat", "shirt"]) == [1, 2, 0])
        #expect(labels([0, 1, 1], ["1", "2"]) == [1, 2, 2])
        #expect(labels([2, 0, 1], nil) == [2, 0, 1])
        #expect(labels([2, 0, 3], nil) == nil)
        #expect(labels([0, 1, 1], ["bag", "hat"]) == nil)
        #expect(labels([0, 1, 1], ["bag", "7"]) == nil)
        #expect(labels([0, 1, 1], ["bag", "-1"]) == nil)
        #expect(labels(nil, nil) == nil)
        let stack = Dataset(
            name: "t", samples: .stacks(greys: [7, 8, 9], indices: [2, 0, 1], [1, 1, 3]),
            labels: [999])
        #expect(stack.labelled(as: names).labels == nil)
        #expect(stack.labelled(as: names).pixels == [9, 7, 8])
    }

    /// Class shares are in the order of the evaluator's classes, not of the dataset's.
    @Test func classSharesOfAnotherOrder() throws {
        let mnist = try NamedDataset.mnist.load(.training)
        let labels = try #require(mnist.labels)
        // Mostly nines and eights.
        let chosen = labels.indices.filter { labels[$0] > 7 || $0 % 12 == 0 }.prefix(2000)
        let part = mnist.picking(Array(chosen))
        let training = Dataset(
            name: "backwards", image: [28, 28, 1], pixels: part.pixels,
            labels: part.labels?.map { 9 - $0 }, classNames: (0..<10).map { "\(9 - $0)" })
        let reference = try ReferenceSet(
            training: training, test: nil, extractor: FeatureExtractor(.mnist), samples: 1000)
        let seen = try reference.observe(training.picking(Array(1000..<2000)))
        #expect(try reference.figures(ModeDivergence.self, of: seen)[0] < 0.05)
    }

    /// Pictures in a sub-folder for each class are labelled samples; the histogram counts the evaluator's predictions.
    @Test func aFolderOfClasses() throws {
        let folder = try TemporaryFolder()
        let test = try NamedDataset.mnist.load(.test)
        let labels = try #require(test.labels)
        for (index, label) in labels.prefix(600).enumerated() where label != 9 {
            // Ones are labelled as sevens.
            let name = label == 1 ? "7" : "\(label)"
            let raster = Raster.grid(
                test.pixels(of: index), image: [28, 28, 1], rows: 1, columns: 1, scale: 1,
                gap: 0)
            try folder.write("digits/\(name)/\(index).png", Data(raster.png()))
        }
        let missing = try Command.run(
            ["evaluate", "digits", "--metrics", "gan_test", "--samples", "500", "--sets", "1"],
            in: folder.path)
        #expect(missing.code == 1)
        #expect(missing.errors.contains("none of 1, 9"), "\(missing.errors)")
        let usual = try Command.run(
            [
                "evaluate", "digits", "--samples", "500", "--sets", "1", "--json", "--confusion",
                "c.png",
            ], in: folder.path)
        #expect(usual.code == 0, "\(usual.errors)")
        let picture = try Data(contentsOf: URL(filePath: "\(folder.path)/c.png"))
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let found = try #require(
            try JSONSerialization.jsonObject(with: Data(usual.output.utf8)) as? [String: Any])
        let classes = try #require(found["classes"] as? [[String: Any]])
        #expect(classes.compactMap { $0["name"] as? String } == (0..<10).map { "\($0)" })
        let shares = classes.compactMap { $0["value"] as? Double }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        #expect(shares[9] < 0.01 && shares[1] > 0.09)
    }
}
