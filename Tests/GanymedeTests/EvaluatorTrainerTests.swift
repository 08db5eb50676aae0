import Foundation
import Ganymede
import TestSupport
import Testing

/// Training a classifier on synthetic images.
@Suite(.timeLimit(.minutes(20)))
struct EvaluatorTrainerTests {
    /// Horizontal or vertical bars at random positions on a noisy background; a fraction `wrong` of the labels is
    /// wrong.
    private func bars(_ count: Int, seed: UInt64, wrong: Double = 0) -> Dataset {
        var numbers = TestNumbers(seed: seed)
        var (pixels, labels): ([UInt8], [Int]) = ([], [])
        for index in 0..<count {
            let place = Int(numbers.next() % 8)
            for row in 0..<8 {
                for column in 0..<8 {
                    let isBar = (index % 2 == 0 ? row : column) == place
                    pixels.append(UInt8(isBar ? 200 : numbers.next() % 60))
                }
            }
            let isWrong = numbers.uniform(0...1) < wrong
            labels.append(isWrong ? 1 - index % 2 : index % 2)
        }
        return Dataset(
            name: "bars", image: [8, 8, 1], pixels: pixels, labels: labels,
            classNames: ["across", "upright"])
    }

    private func trainer(epochs: Int) -> EvaluatorTrainer {
        var trainer = EvaluatorTrainer()
        trainer.epochs = epochs
        trainer.batch = 64
        trainer.threads = 2
        trainer.precision = .f32
        return trainer
    }

    /// The same seed writes the same file, bit for bit; another seed does not.
    @Test func learnsAndRepeats() throws {
        let (training, test) = (bars(1000, seed: 1), bars(300, seed: 2))
        var steps: [EvaluatorTrainer.Progress] = []
        let first = try #require(
            try trainer(epochs: 8).train(on: training, test: test, command: "a command") {
                steps.append($0)
            })
        #expect(first.quality.accuracy > 0.98 && first.quality.images == 300)
        #expect(first.classNames == ["across", "upright"] && first.command == "a command")
        #expect(first.image == [8, 8, 1] && first.featureCount == 128 && first.data == "bars")
        // 900 images are trained on, in batches of 64.
        #expect(steps.map(\.step) == Array(1...112) && steps.allSatisfy { $0.steps == 112 })
        #expect((steps.last?.loss ?? 1) < (steps.first?.loss ?? 0))
        let second = try trainer(epochs: 8).train(on: training, test: test, command: "a command")
        #expect(second?.digest == first.digest)
        var other = trainer(epochs: 8)
        other.seed = 1
        #expect(try other.train(on: training, test: test)?.digest != first.digest)
        let confusion = try first.confusion(on: test)
        #expect(confusion.accuracy == first.quality.accuracy && confusion.total == 300)
        let folder = try TemporaryFolder()
        try first.write(to: "\(folder.path)/bars")
        let read = try Evaluator(reading: "\(folder.path)/bars")
        #expect(read.digest == first.digest && read.text == first.text)
        #expect(
            try read.observe(test.pixels, image: [8, 8, 1])
                == first.observe(test.pixels, image: [8, 8, 1]))
    }

    /// If a fifth of the labels is wrong, accuracy and confidence cannot exceed 0.8.
    @Test func confidenceFollowsTheNoiseOfLabels() throws {
        let trained = try trainer(epochs: 4).train(
            on: bars(3000, seed: 3, wrong: 0.2), test: bars(2000, seed: 4, wrong: 0.2))
        let quality = try #require(trained).quality
        #expect(abs(quality.accuracy - 0.8) < 0.04, "\(quality)")
        #expect(abs(quality.confidence - quality.accuracy) < 0.05, "\(quality)")
    }

    @Test func stopsWhenAsked() throws {
        var steps = 0
        let made = try trainer(epochs: 50).train(
            on: bars(500, seed: 1), test: bars(100, seed: 2),
            progress: { steps = $0.step }, shouldStop: { steps == 3 })
        #expect(made == nil && steps == 3)
    }

    @Test func dataThatDoesNotDo() throws {
        let good = bars(100, seed: 1)
        func changed(
            image: ImageSize = [8, 8, 1], pixels: [UInt8]? = nil, labels: [Int]?
        ) -> Dataset {
            Dataset(
                name: "bad", image: image, pixels: pixels ?? good.pixels, labels: labels,
                classNames: good.classNames)
        }
        func expect(_ training: Dataset, _ test: Dataset, _ message: String) {
            #expect {
                try trainer(epochs: 1).train(on: training, test: test)
            } throws: { "\($0)".contains(message) }
        }
        let half = good.labels?.map { _ in 0 }
        expect(changed(labels: nil), good, "bad has no labels")
        expect(changed(labels: half), good, "bad has one class only (across)")
        var few = half ?? []
        few[..<2] = [1, 1]
        expect(changed(labels: few), good, "bad has 2 of the class upright")
        expect(good, changed(labels: nil), "to measure on")
        expect(good, changed(image: [4, 16, 1], labels: good.labels), "of [8,8,1] as bars")
        expect(good, changed(pixels: [], labels: []), "holds 0 images")
        var strange = good.labels ?? []
        strange[7] = 2
        expect(good, changed(labels: strange), "bad has the class 2")
        expect(changed(labels: strange), good, "has labels up to 2")
    }

    /// The network supports images of any size, and stays within the limits of its file.
    @Test(arguments: [[4, 4, 1], [28, 28, 3], [33, 20, 1], [64, 64, 3]] as [ImageSize])
    func anySize(image: ImageSize) throws {
        var numbers = TestNumbers(seed: 9)
        let pixels = (0..<12 * image.count).map { index in
            UInt8(index / image.count % 2 == 0 ? 200 : 0) ^ UInt8(numbers.next() % 32)
        }
        let data = Dataset(
            name: "two", image: image, pixels: pixels, labels: (0..<12).map { $0 % 2 })
        let made = try #require(try trainer(epochs: 2).train(on: data, test: data))
        #expect(made.image == image && made.classNames == ["0", "1"])
        #expect(try made.observe(pixels, image: image).features.columns == 128)
    }

    /// Without labels: changed copies of each image, features, and no metric of classes.
    @Test func learnsWithoutLabels() throws {
        let folder = try TemporaryFolder()
        // Blocks of 4x4 pixels in random greys.
        var numbers = TestNumbers(seed: 4)
        var pixels: [UInt8] = []
        for _ in 0..<200 {
            let greys = (0..<4).map { _ in UInt8(numbers.next() % 256) }
            for pixel in 0..<64 { pixels.append(greys[pixel / 32 * 2 + pixel % 8 / 4]) }
        }
        let images = NPY(shape: [200, 8, 8], bytes: pixels)
        let path = "\(folder.path)/images.npy"
        try images.data.write(to: URL(filePath: path))
        let source = DataSource(path)
        #expect(try !source.hasClasses())
        let (training, test) = try source.loadExemplars(size: 8, channels: 1, seed: 0)
        // 50,000 copies of 200 images, and a tenth as many for the test.
        #expect(training.count == 50_000 && test.count == 5_000)
        #expect(training.labels?.prefix(201).suffix(2) == [199, 0])
        // Copies differ, and less than images do.
        func difference(_ a: [UInt8], _ b: [UInt8]) -> Int {
            zip(a, b).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        }
        let (first, copy, other) = (
            training.pixels(of: 0), training.pixels(of: 200), training.pixels(of: 1)
        )
        #expect((1..<difference(first, other)).contains(difference(first, copy)))
        #expect(test.pixels(of: 0) != first)
        var trainer = trainer(epochs: 3)
        trainer.supervision = .exemplars
        let made = try #require(try trainer.train(on: training, test: test))
        #expect(made.supervision == .exemplars && made.text.contains("without labels"))
        let file = "\(folder.path)/own.safetensors"
        try made.write(to: file)
        #expect(try Evaluator(reading: file).supervision == .exemplars)
        #expect(made.quality.accuracy > 0.9, "\(made.quality.accuracy)")
        let extractor = try FeatureExtractor(source, evaluator: file)
        let names = extractor.metrics.flatMap { $0.names }
        #expect(names.contains("fid") && names.contains("recall") && names.contains("copies"))
        #expect(!names.contains("score") && !names.contains("modes"))
        #expect(extractor.metricsOfLabelled.isEmpty)
        // A hundred real samples: figures, and a warning.
        let task = try EvaluationTask(path, data: path, evaluator: file)
        let found = try task.evaluation(names: nil, samples: 100, sets: 1, seed: 0)
        #expect(found.figure("kid") != nil && found.figure("score") == nil)
        #expect(found.notes.contains { $0.contains("sets of 100 are small") })
        #expect(throws: GanymedeError.self) {
            let few = "\(folder.path)/few.npy"
            try NPY(shape: [10, 8, 8], bytes: Array(pixels.prefix(640))).data
                .write(to: URL(filePath: few))
            _ = try DataSource(few).loadExemplars(size: 8, channels: 1, seed: 0)
        }
    }
}
