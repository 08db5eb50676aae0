import Foundation
import Ganymede
import TestSupport
import Testing

/// Custom training steps.
@Suite(.timeLimit(.minutes(20)))
struct StepBuilderTests {
    private func gan(_ step: some TrainingStep) throws -> GAN {
        try GAN(
            generator: Sequential("generator", input: [3]) { Dense(2) },
            discriminator: Sequential("discriminator", input: [2]) { Dense(1) }, step: step,
            generatorOptimizer: SGD(learningRate: 0.5),
            discriminatorOptimizer: SGD(learningRate: 0.5))
    }

    private func points(_ count: Int) -> Dataset {
        Dataset(
            name: "points", points: (0..<2 * count).map { Float($0) / 8 },
            labels: (0..<count).map { $0 % 5 })
    }

    /// a = decay a + (1 - decay) w, starting at a = w, with a decay that depends on the step; and the reported scalar.
    @Test func averagesFollowTheirFormula() throws {
        let step = StepGraph(try gan(AveragingStep()), batch: 4)
        let runner = try StepRunner(step, data: points(16), batch: 4)
        func weights(_ name: String) -> [Float] { runner.store[name]?.values ?? [] }
        var expected = weights("generator.dense1.weight")
        #expect(weights("generator.ema.dense1.weight") == expected)
        let finished = try TrainingLoop(runner, steps: 5).run { progress in
            let decay = Float(AveragingStep.decay(progress.step - 1))
            expected = zip(expected, weights("generator.dense1.weight")).map { a, w in
                w + decay * (a - w)
            }
            let found = weights("generator.ema.dense1.weight")
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
            #expect(found != weights("generator.dense1.weight"))
            let reported = try #require(step.results.first { $0.name == "decay" })
            #expect(abs(runner.value(of: reported) - Double(decay)) < 1e-7)
            return true
        }
        #expect(finished == 5)
    }

    /// A step with two batches and labels reads samples in the same order as a loader of one batch.
    @Test func severalBatchesAndLabels() throws {
        let step = StepGraph(try gan(TwoBatches()), batch: 4)
        #expect(step.batches == 2 && step.readsLabels)
        let data = points(64)
        let runner = try StepRunner(step, data: data, batch: 4, seed: 5)
        var loader = try BatchLoader(data, batch: 4, seed: 5)
        var buffer = [Float](repeating: 0, count: 8)
        var classes = [Float](repeating: 0, count: 4)
        var batch = 0
        try TrainingLoop(runner, steps: 3).run { _ in
            for turn in 0..<2 {
                buffer.withUnsafeMutableBufferPointer { images in
                    classes.withUnsafeMutableBufferPointer { labels in
                        loader.fill(images, labels: labels, step: batch)
                    }
                }
                batch += 1
                let numbers = classes.map { Int($0.bitPattern) }
                for (index, label) in numbers.enumerated() {
                    #expect(Int(buffer[2 * index] * 4) % 5 == label)
                }
                for (name, expected) in [
                    ("images\(turn)", Double(buffer.reduce(0, +))),
                    ("labels\(turn)", Double(numbers.reduce(0, +))),
                ] {
                    let result = try #require(step.results.first { $0.name == name })
                    #expect(abs(runner.value(of: result) - expected) < 1e-4)
                }
            }
            return true
        }
    }

    @Test func labelsHaveToBeThere() throws {
        let step = StepGraph(try gan(TwoBatches()), batch: 4)
        let bare = Dataset(name: "bare", points: [Float](repeating: 0, count: 32), labels: nil)
        #expect(
            throws: GanymedeError.invalidOption("the training step reads labels, and bare has none")
        ) {
            try StepRunner(step, data: bare, batch: 4)
        }
    }

    @Test func aStepWithoutLosses() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            var gan = try tinyGAN()
            gan.step = SilentStep()
            _ = StepGraph(gan, batch: 4)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("the step \"silent\" has to report the losses of both networks"))
    }

    @Test func aNameThatJournalsHave() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            var gan = try tinyGAN()
            gan.step = SilentStep(name: "g_loss")
            _ = StepGraph(gan, batch: 4)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("a step cannot report \"g_loss\""))
    }

    /// The reserved names are the fields of a line of the journal.
    @Test func journalFieldsAreKnown() throws {
        var line: [UInt8] = []
        var report = StepReport(step: 1)
        (report.metrics, report.metricsReal) = (["fid": 1], ["fid": 1])
        report.others = ["margin": 0.5]
        report.events = [RunEvent(.pause, at: 1)]
        report.append(to: &line)
        let json = try JSON.decoder().decode(JSONValue.self, from: Data(line))
        guard case .object(let fields) = json else { return }
        #expect(Set(fields.keys) == StepReports.journalFields.union(["margin"]))
        #expect(fields["margin"] == .number(0.5))
    }

    @Test func stepsAndLossesThatDoNotFit() throws {
        let error = #expect(throws: GanymedeError.self) {
            try GAN(
                generator: Sequential("generator", input: [3]) { Dense(2) },
                discriminator: Sequential("discriminator", input: [2]) { Dense(1) },
                loss: .relativistic)
        }
        #expect("\(try #require(error))".contains("take the step \"concatenated\""))
        let mixed = #expect(throws: GanymedeError.self) {
            try GAN(
                generator: Sequential("generator", input: [3]) { Dense(2) },
                discriminator: Sequential("discriminator", input: [2]) {
                    Dense(4)
                    BatchNorm()
                    Dense(1)
                }, regularizers: [R1()])
        }
        #expect("\(try #require(mixed))".contains("BatchNorm in discriminator mixes samples"))
    }

    /// The relativistic loss trains with every step that supports it, with and without regularizers.
    @Test(arguments: ["concatenated", "simultaneous"])
    func relativisticLossTrains(kind: String) throws {
        var gan = try gan(SimultaneousStep())
        gan.loss = RelativisticLoss()
        if kind == "concatenated" { gan.step = ConcatenatedStep() }
        for regularizers in [[], [R1(weight: 0.1), GradientPenalty(weight: 0.1)]]
            as [[any Regularizer]]
        {
            gan.regularizers = regularizers
            let step = StepGraph(gan, batch: 4)
            let runner = try StepRunner(step, data: points(32), batch: 4)
            let before = runner.store["discriminator.dense1.weight"]?.values
            try TrainingLoop(runner, steps: 3).run { _ in true }
            #expect(runner.store["discriminator.dense1.weight"]?.values != before)
        }
    }
}

private struct AveragingStep: TrainingStep {
    static let kind = "averaging"
    static func decay(_ finished: Int) -> Double { 0.5 + Double(finished) / 16 }

    func build(_ step: StepBuilder) {
        AlternatingStep().build(step)
        step.average(.generator) { AveragingStep.decay($0) }
        step.report("decay", step.scalar("decay") { AveragingStep.decay($0) })
    }
}

private struct TwoBatches: TrainingStep {
    static let kind = "two-batches"

    func build(_ step: StepBuilder) {
        for turn in 0..<2 {
            step.report("images\(turn)", step.realImages(turn).sum())
            step.report("labels\(turn)", step.labels(turn).cast(.float32).sum())
        }
        AlternatingStep().build(step)
    }
}

private struct SilentStep: TrainingStep {
    static let kind = "silent"
    var name: String?

    func build(_ step: StepBuilder) {
        if let name { step.report(name, step.realImages().mean()) }
    }
}
