import Foundation
import Ganymede
import TestSupport
import Testing

/// Evaluators: those that are shipped, their files and their features.
@Suite(.timeLimit(.minutes(20)))
struct EvaluatorTests {
    // MARK: Shipped

    /// The quality in the header is reproduced, within margins for rounding on other processors.
    @Test func shippedForMNIST() throws {
        try check("mnist", accuracy: 0.994, score: 9.6, calibrationError: 0.005, gap: 0.003)
    }

    /// Only if the dataset is on this machine.
    @Test(.enabled(if: NamedDataset.fashionMNIST.folder() != nil))
    func shippedForFashionMNIST() throws {
        try check("fashion-mnist", accuracy: 0.93, score: 8, calibrationError: 0.005, gap: 0.003)
    }

    private func check(
        _ name: String, accuracy: Double, score: Double, calibrationError: Double, gap: Double
    ) throws {
        let evaluator = try #require(try Evaluator.shipped(for: name))
        let test = try #require(NamedDataset.named(name)).load(.test)
        let seen = try evaluator.observe(test.pixels, image: [28, 28, 1])
        let quality = ClassifierQuality(seen.probabilities, labels: test.labels ?? [])
        #expect(abs(quality.accuracy - evaluator.quality.accuracy) < 5e-4)
        #expect(abs(quality.calibrationError - evaluator.quality.calibrationError) < 5e-4)
        #expect(quality.images == 10_000 && quality.accuracy >= accuracy)
        #expect(quality.score > score && quality.calibrationError <= calibrationError)
        #expect(abs(quality.confidence - quality.accuracy) <= gap)
        #expect(seen.features.columns == 128 && seen.features.values.allSatisfy(\.isFinite))
        for row in stride(from: 0, to: 10_000, by: 97) {
            let sum = seen.probabilities.values[row * 10..<row * 10 + 10].reduce(0, +)
            #expect(abs(sum - 1) < 1e-5)
        }
    }

    /// Each file is intact, records its command, and is small.
    @Test(arguments: Evaluator.shippedNames) func shippedAreDescribed(name: String) throws {
        let evaluator = try #require(try Evaluator.shipped(for: name))
        #expect(evaluator.data == name && evaluator.image == [28, 28, 1])
        #expect(evaluator.classNames == NamedDataset.named(name)?.classNames)
        #expect(evaluator.digest == Evaluator.shippedDigests[name])
        #expect(evaluator.command.hasPrefix("ganymede evaluator train --data \(name) --seed "))
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/evaluator.safetensors"
        try evaluator.write(to: path)
        #expect(try Data(contentsOf: URL(filePath: path)).count < 1_100_000)
        #expect(try Evaluator(reading: path).digest == evaluator.digest)
    }

    /// The recorded command, pasted into a shell, names the folder of the training data.
    @Test(arguments: ["plain", "a b", "it's", "$(x)"])
    func theCommandNamesItsData(name: String) throws {
        let command = EvaluatorTrainer().command(name, size: 28, channels: 1)
        let folder = try TemporaryFolder()
        let script = "set -- \(command); printf %s \"$5\""
        let result = try Command.run(["-c", script], of: "/bin/bash", in: folder.path)
        #expect(result.output == name, "\(command)")
    }

    @Test func noneForOthers() throws { #expect(try Evaluator.shipped(for: "letters") == nil) }

    // MARK: Observing

    /// The features of an image do not depend on the number of images or its position.
    @Test func imagesDoNotDependOnNeighbours() throws {
        let evaluator = try #require(try Evaluator.shipped(for: "mnist"))
        let test = try NamedDataset.mnist.load(.test)
        let all = try evaluator.observe(Array(test.pixels.prefix(130 * 784)), image: [28, 28, 1])
        for index in [0, 63, 64, 129] {
            let one = Array(test.pixels[index * 784..<(index + 1) * 784])
            let seen = try evaluator.observe(one, image: [28, 28, 1])
            #expect(seen == all.picking([index]))
        }
        #expect(try evaluator.observe([], image: [28, 28, 1]).count == 0)
    }

    /// A channel of colour images gives the same features as the grey images it consists of.
    @Test func oneChannelOfThree() throws {
        let evaluator = try #require(try Evaluator.shipped(for: "mnist"))
        let test = try NamedDataset.mnist.load(.test)
        let grey = (0..<3).map { Array(test.pixels[$0 * 70 * 784..<($0 + 1) * 70 * 784]) }
        let colour = (0..<70 * 784).flatMap { pixel in grey.map { $0[pixel] } }
        for channel in 0..<3 {
            let seen = try evaluator.observe(colour, image: [28, 28, 3], channel: channel)
            #expect(seen == (try evaluator.observe(grey[channel], image: [28, 28, 1])))
        }
    }

    @Test func probabilitiesAreTheLogitsOverTheTemperature() throws {
        let evaluator = try #require(try Evaluator.shipped(for: "mnist"))
        let pixels = Array(try NamedDataset.mnist.load(.test).pixels.prefix(5 * 784))
        let logits = try evaluator.logits(pixels, image: [28, 28, 1])
        let seen = try evaluator.observe(pixels, image: [28, 28, 1]).probabilities
        for row in 0..<5 {
            let powers = (0..<10).map {
                exp(Double(logits.values[row * 10 + $0]) / evaluator.temperature)
            }
            let total = powers.reduce(0, +)
            for (index, power) in powers.enumerated() {
                #expect(abs(Double(seen.values[row * 10 + index]) - power / total) < 1e-6)
            }
        }
    }

    @Test func otherExtentsAreRefused() throws {
        let evaluator = try #require(try Evaluator.shipped(for: "mnist"))
        for (image, channel, advice) in [
            ([32, 32, 1], nil, ""), ([14, 14, 3], 1, ""),
            ([28, 28, 3], nil, ". To see one channel at a time, name it: channel 0, 1 or 2"),
        ] as [(ImageSize, Int?, String)] {
            let pixels = [UInt8](repeating: 0, count: image.count)
            let seen = channel == nil ? image : ImageSize(side: image.width, channels: 1)
            #expect(
                throws: GanymedeError.mismatch(
                    "the evaluator of mnist takes images of [28,28,1], and not of \(seen)\(advice)"
                )
            ) { try evaluator.observe(pixels, image: image, channel: channel) }
        }
    }

    // MARK: Files

    @Test func filesThatAreNoEvaluators() throws {
        let folder = try TemporaryFolder()
        // It bears no hashes, which would find every change first.
        let whole = Evaluator.shippedFile("mnist")
        func expect(_ data: Data, _ message: String) {
            #expect {
                try Evaluator(data, name: "it")
            } throws: { error in
                let found = (error as? GanymedeError)?.description ?? "\(error)"
                return found.hasPrefix("it") && found.contains(message)
            }
        }
        func replacing(_ old: String, _ new: String) -> Data {
            #expect(old.utf8.count == new.utf8.count)
            var data = whole
            if let place = data.range(of: Data(old.utf8)) {
                data.replaceSubrange(place, with: Data(new.utf8))
            }
            #expect(data != whole, "there is no \(old)")
            return data
        }
        expect(Data(), "cut short")
        expect(whole.prefix(500), "cut short")
        expect(whole.dropLast(), "reaches past the end")
        expect(replacing("ganymede evaluator 1", "ganymede evaluator 9"), "is no evaluator")
        expect(replacing(#"class_names\":[\"0\","#, #"class_names\":[      "#), "9 class names")
        expect(replacing(#"\"temperature\":"#, #"\"temqerature\":"#), "temperature is missing")
        expect(replacing(#"\"units\":10"#, #"\"units\":11"#), "11 logits")
        expect(replacing(#"\"input\":[28,28,1]"#, #"\"input\":[28,28,2]"#), "1 or 3")
        expect(
            replacing(#"\"input\":[28,28,1]"#, #"\"input\":[28,36,1]"#), "features.dense1.weight")
        expect(
            replacing(#"\"name\":\"head\""#, #"\"name\":\"heap\""#), "heap.dense1.weight is missing"
        )
        expect(replacing(#"\"filters\":16"#, #"\"filters\":-6"#), "channels")
        expect(replacing("\"head.dense1.bias\"", "\"head.dense1.bits\""), "is missing")
        var poisoned = whole
        poisoned.replaceSubrange(whole.count - 4..<whole.count, with: [0, 0, 0xc0, 0x7f])
        expect(poisoned, "not finite")
        #expect(throws: GanymedeError.self) { try Evaluator(reading: "\(folder.path)/none") }
        #expect(throws: GanymedeError.self) { try Evaluator(reading: folder.path) }
    }
}
