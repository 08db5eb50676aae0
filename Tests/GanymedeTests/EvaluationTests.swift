import Ganymede
import TestSupport
import Testing

/// Sets of images with different faults are distinguished by metrics of the shipped evaluator.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct EvaluationTests {
    static let count = 1500
    // Computed once for all tests.
    static let splits = Result {
        (
            training: try NamedDataset.mnist.load(.training),
            test: try NamedDataset.mnist.load(.test)
        )
    }
    static let mnist = Result {
        let (training, test) = try splits.get()
        return try ReferenceSet(
            training: training, test: test, extractor: FeatureExtractor(.mnist), samples: count)
    }
    let training: Dataset
    let test: Dataset
    let reference: ReferenceSet

    init() throws {
        (training, test) = try Self.splits.get()
        reference = try Self.mnist.get()
    }

    /// Test images that are not in the reference set.
    var unseen: [Int] { Array(test.shuffled(seed: 0).dropFirst(Self.count).prefix(Self.count)) }

    func figures(_ samples: Dataset) throws -> [String: Double] {
        let evaluation = try Evaluation(of: [samples], by: reference, data: "mnist")
        return Dictionary(uniqueKeysWithValues: evaluation.figures.map { ($0.name, $0.value) })
    }

    func dataset(_ pixels: [UInt8]) -> Dataset {
        Dataset(name: "test", image: [28, 28, 1], pixels: pixels, labels: nil)
    }

    /// A diagnosis of a set from its metrics.
    func verdict(_ found: [String: Double]) throws -> String {
        func figure(_ name: String) throws -> Double { try #require(found[name]) }
        // It is undefined for few samples and for samples unlike the data.
        if let share = found["memorisation"], share > 0.9 { return "copies" }
        if try figure("copies") > 0.5 { return "copies" }
        if try figure("precision") < 0.05 { return "noise" }
        if try figure("coverage") < 0.3 && figure("recall") < 0.3 { return "collapsed" }
        // The expected value by chance is (K - 1) / 2N = 0.003.
        if try figure("mode_kl") > 0.05 { return "lost modes" }
        let real = try reference.realFigures(PrecisionRecall.self)
        if try figure("recall") < 0.6 * real[1] && figure("density") < 0.8 * real[2] {
            return "blurred"
        }
        let distance = try reference.realFigures(FrechetDistance.self)[0]
        return try figure("fid") > 3 * distance ? "something else" : "real"
    }

    @Test func realImages() throws {
        let found = try figures(test.picking(unseen))
        #expect(try verdict(found) == "real", "\(found)")
        #expect(found["modes"] == 10)
        #expect(found["copies"] == 0)
    }

    /// Copies of images that are in the reference set, and of others.
    @Test(arguments: [0, 10_000]) func copiesOfTheTrainingSet(first: Int) throws {
        let chosen = training.shuffled(seed: 0).dropFirst(first).prefix(Self.count)
        let found = try figures(training.picking(Array(chosen)))
        #expect(try verdict(found) == "copies", "\(found)")
        #expect(found["copies"] == 1)
        #expect((found["memorisation_ratio"] == 0) == (first == 0))
    }

    /// Each pixel slightly lighter or darker: no identical images, but copies nevertheless.
    @Test func nearCopiesOfTheTrainingSet() throws {
        var numbers = TestNumbers(seed: 3)
        let chosen = training.shuffled(seed: 0).prefix(Self.count)
        let near = chosen.flatMap { training.pixels(of: $0) }.map { pixel in
            UInt8(clamping: Int(pixel) + Int(numbers.next() % 9) - 4)
        }
        let found = try figures(dataset(near))
        #expect(found["copies"] == 0)
        #expect(try verdict(found) == "copies", "\(found)")
    }

    @Test func aCollapsedGenerator() throws {
        let few = unseen.prefix(12)
        let found = try figures(
            test.picking((0..<Self.count).map { few[few.startIndex + $0 % few.count] }))
        #expect(try verdict(found) == "collapsed", "\(found)")
    }

    /// Real images without one class.
    @Test func lostModes() throws {
        let labels = try #require(test.labels)
        let chosen = test.shuffled(seed: 0).dropFirst(Self.count).filter { labels[$0] != 4 }
        let found = try figures(test.picking(Array(chosen.prefix(Self.count))))
        #expect(try verdict(found) == "lost modes", "\(found)")
    }

    @Test func blurredImages() throws {
        let blurred = unseen.flatMap { blur(test.pixels(of: $0)) }
        let found = try figures(dataset(blurred))
        #expect(try verdict(found) == "blurred", "\(found)")
    }

    @Test func noise() throws {
        var numbers = TestNumbers(seed: 1)
        let pixels = (0..<Self.count * 784).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        let found = try figures(dataset(pixels))
        #expect(try verdict(found) == "noise", "\(found)")
    }

    /// Each pixel is the mean of its 3x3 neighbourhood.
    func blur(_ image: [UInt8]) -> [UInt8] {
        (0..<784).map { place in
            var sum = 0
            for dy in -1...1 {
                for dx in -1...1 {
                    let (y, x) = (place / 28 + dy, place % 28 + dx)
                    if 0..<28 ~= y && 0..<28 ~= x { sum += Int(image[y * 28 + x]) }
                }
            }
            return UInt8(sum / 9)
        }
    }

    /// The same seed draws the same images and gives the same metrics; another one does not.
    @Test func sameSeedSameFigures() throws {
        let samples = test.picking(unseen)
        func found(seed: Int) throws -> Evaluation {
            let reference = try ReferenceSet(
                training: training, test: test, extractor: FeatureExtractor(.mnist), samples: 1000,
                seed: seed)
            return try Evaluation(
                of: [samples.picking(Array(0..<1000))], by: reference, names: ["fid", "kid"],
                data: "mnist")
        }
        #expect(try found(seed: 1) == found(seed: 1))
        #expect(try found(seed: 1).figures != found(seed: 2).figures)
    }

    /// The mean and standard deviation are over the sets; one set has no standard deviation.
    @Test func spreadOverSets() throws {
        let chosen = test.shuffled(seed: 3)
        let sets = (0..<3).map { set in
            test.picking(Array(chosen[set * Self.count..<(set + 1) * Self.count]))
        }
        let each = try sets.map { set in
            try #require(
                try Evaluation(of: [set], by: reference, names: ["fid"], data: "mnist").figure(
                    "fid"))
        }
        let together = try #require(
            try Evaluation(of: sets, by: reference, names: ["fid"], data: "mnist").figure("fid"))
        let mean = each.map(\.value).reduce(0, +) / 3
        let squares = each.map { ($0.value - mean) * ($0.value - mean) }.reduce(0, +)
        #expect(each.allSatisfy { $0.spread == nil })
        #expect(abs(together.value - mean) < 1e-12)
        #expect(abs(try #require(together.spread) - (squares / 2).squareRoot()) < 1e-12)
    }

    @Test func tooFewRealImages() throws {
        let error = #expect(throws: GanymedeError.self) {
            try ReferenceSet(
                training: training, test: test, extractor: FeatureExtractor(.mnist), samples: 10_001
            )
        }
        #expect(error?.message.forCommands.contains("--samples 10000") == true)
    }
}
