import Foundation
import Ganymede
import TestSupport
import Testing

/// Schedules and what follows them: learning rates, weights of penalties, averages, lazy penalties, clipping.
@Suite(.timeLimit(.minutes(20)))
struct ScheduleTests {
    @Test func valuesInClosedForm() {
        let linear = Schedule.linear(from: 4, to: 1, steps: 10..<40)
        #expect([0, 10, 11, 25, 40, 99].map { linear[$0] } == [4, 4, 3.9, 2.5, 1, 1])
        let cosine = Schedule.cosine(from: 4, to: 1, steps: 10..<40)
        #expect(abs(cosine[20] - (1 + 3 * 0.75)) < 1e-15 && abs(cosine[25] - 2.5) < 1e-15)
        let constant: Schedule = 0.25
        #expect(constant.isConstant && constant[0] == 0.25 && constant[1_000_000] == 0.25)
        #expect(linear.scaled(to: 8)[40] == 2 && constant.scaled(to: 3) == 3)
    }

    @Test func filesHoldANumberOrTheFields() throws {
        let values: [Schedule] = [0.5, .linear(from: 1e-3, to: 0, steps: 3..<9)]
        let text = String(decoding: try JSON.encoder().encode(values), as: UTF8.self)
        #expect(text == #"[0.5,{"curve":"linear","end":9,"from":0.001,"start":3,"to":0}]"#)
        #expect(try JSON.decoder().decode([Schedule].self, from: Data(text.utf8)) == values)
        for bad in [#"["x"]"#, #"[{"from":1}]"#, #"[{"from":1,"to":2,"end":3,"curve":"wavy"}]"#] {
            #expect(throws: DecodingError.self) {
                try JSON.decoder().decode([Schedule].self, from: Data(bad.utf8))
            }
        }
        let backwards = Schedule.linear(from: 1e-3, to: 0, steps: 0..<9)
        var wrong = try JSONValue(encoding: backwards)
        wrong = wrong.replacing(["start"], with: .integer(12))
        let read = try JSON.decoder().decode(
            Schedule.self, from: JSON.encoder().encode(wrong))
        #expect(Adam(learningRate: read).fault?.contains("from 12 to 9") ?? false)
        #expect(Adam(beta2: .linear(from: 0.9, to: 1, steps: 0..<5)).fault != nil)
    }

    /// A run that is twice as long ends its schedules at the same share.
    @Test func schedulesAreScaled() {
        #expect(Schedule.constant(2).scaled(to: 3) == .constant(3))
        #expect(
            Schedule.linear(from: 4, to: 1, steps: 0..<9).scaled(to: 2)
                == .linear(from: 2, to: 0.5, steps: 0..<9))
        // A warm-up stays one.
        #expect(
            Schedule.linear(from: 0, to: 1, steps: 0..<9).scaled(to: 2)
                == .linear(from: 0, to: 2, steps: 0..<9))
    }

    @Test func schedulesAreStretched() throws {
        let options = try RunOptions(preset: .flagship).lasting(12_000)
        #expect(
            options.gan.generatorOptimizer.learningRate
                == .linear(from: 1e-3, to: 0, steps: 6_000..<12_000))
        #expect(options.training.steps == 12_000 && options.training.sampleEvery == 250)
        #expect(try RunOptions(preset: .mlp).lasting(7).gan == Preset.mlp.gan())
    }

    /// The moving average of a preset with one: decay min(d, (1 + t) / (10 + t)), statistics included.
    @Test(arguments: [true, false])
    func averagesIncludeStatistics(warmup: Bool) throws {
        var gan = try ScheduleTests.pointGAN()
        let average = WeightAverage(
            decay: .linear(from: 0.5, to: 0.9, steps: 1..<4), warmup: warmup)
        gan.ema = average
        let runner = try StepRunner(
            StepGraph(gan, batch: 4), data: ScheduleTests.points(32), batch: 4)
        func values(_ name: String) -> [Float] { runner.store[name]?.values ?? [] }
        for part in ["dense1.weight", "batch_norm1.moving_mean", "batch_norm1.gamma"] {
            #expect(!values("generator.ema.\(part)").isEmpty)
        }
        var expected = values("generator.ema.batch_norm1.moving_variance")
        try TrainingLoop(runner, steps: 6).run { progress in
            let (step, d) = (progress.step - 1, [0.5, 0.5, 0.5 + 0.4 / 3, 0.5 + 0.8 / 3, 0.9, 0.9])
            let decay = warmup ? min(d[step], Double(1 + step) / Double(10 + step)) : d[step]
            #expect(abs(average.decay(step: step) - decay) < 1e-15)
            expected = zip(expected, values("generator.batch_norm1.moving_variance")).map { a, w in
                w + Float(decay) * (a - w)
            }
            let found = values("generator.ema.batch_norm1.moving_variance")
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
            return true
        }
    }

    /// Every third step has three times the penalty, the others none.
    @Test func lazyPenalties() throws {
        var gan = try ScheduleTests.pointGAN()
        gan.regularizers = [R1(weight: 2)]
        func gradient(_ graph: Graph) throws -> [Double] {
            var inputs: [String: ReferenceTensor] = [:]
            var numbers = TestNumbers(seed: 5)
            for (_, input) in graph.inputs {
                let isKey = input.label == "key"
                inputs[input.label] = ReferenceTensor(
                    input.type.shape,
                    isKey ? [1, 2, 3, 4] : numbers.tensor(input.type.shape, in: 0.5...1.5))
            }
            let found = Interpreter(graph).run(inputs)
            return try #require(found["gradient.discriminator.discriminator.dense1.weight"]).values
        }
        let every = StepGraph(reportingGradientsOf: gan, batch: 4, randomness: .feeds)
        gan.regularizerInterval = 3
        let lazy = StepGraph(reportingGradientsOf: gan, batch: 4, randomness: .feeds)
        let between = try #require(lazy.between)
        let (one, three, none) = try (
            gradient(every.graph), gradient(lazy.graph), gradient(between.graph)
        )
        for index in one.indices {
            #expect(abs((three[index] - none[index]) - 3 * (one[index] - none[index])) < 1e-12)
            #expect(one[index] != none[index])
        }
        let runner = try StepRunner(lazy, data: ScheduleTests.points(32), batch: 4)
        try TrainingLoop(runner, steps: 7).run { _ in true }
        #expect(runner.program.runCount == 3 && runner.runCount == 7)
    }

    /// A number of noise inputs, batches and updates for several updates of the discriminator.
    @Test func severalDiscriminatorUpdates() throws {
        var gan = try ScheduleTests.pointGAN()
        gan.step = ConcatenatedStep(discriminatorUpdates: 3)
        let step = StepGraph(gan, batch: 4)
        #expect(step.batches == 3)
        let scalars = step.hostScalars.map(\.feed).filter { $0.hasPrefix("discriminator") }
        #expect(scalars.count == 3)
        gan.step = ConcatenatedStep(discriminatorUpdates: 0)
        #expect(gan.fault?.contains("from 1 to 100") ?? false)
    }

    static func points(_ count: Int) -> Dataset {
        Dataset(
            name: "points", points: (0..<2 * count).map { Float($0 % 7) / 8 },
            labels: (0..<count).map { $0 % 3 })
    }

    static func pointGAN() throws -> GAN {
        try GAN(
            generator: Sequential("generator", input: [3]) {
                Dense(5)
                BatchNorm()
                Dense(2)
            },
            discriminator: Sequential("discriminator", input: [2]) {
                Dense(4)
                Tanh()
                Dense(1)
            }, step: ConcatenatedStep(),
            generatorOptimizer: SGD(learningRate: 0.1),
            discriminatorOptimizer: SGD(learningRate: 0.1))
    }
}
