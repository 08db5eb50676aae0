import Ganymede
import TestSupport
import Testing

/// Penalties at images that the discriminator has seen in the same update.
@Suite(.timeLimit(.minutes(20)))
struct SharedPenaltyTests {
    /// What gives a second pass over the same images other logits.
    enum OwnPass: CaseIterable { case none, randomNumbers, statistics }

    private func gan(
        _ method: GradientMethod, step: some TrainingStep, own: OwnPass = .none
    ) throws -> GAN {
        try GAN(
            generator: Sequential("generator", input: [3]) {
                Dense(32)
                Tanh()
                Reshape([4, 4, 2])
            },
            discriminator: Sequential("discriminator", input: [4, 4, 2]) {
                Conv2D(3, kernelSize: 3, strides: 2, padding: .same)
                Tanh()
                if own == .randomNumbers { Dropout(0.3) }
                Flatten()
                if own == .statistics { SpectralNorm(Dense(1)) } else { Dense(1) }
            },
            regularizers: [R1(method: method), R2(method: method)], step: step,
            generatorOptimizer: SGD(learningRate: 0.1),
            discriminatorOptimizer: SGD(learningRate: 0.1))
    }

    private func run(_ gan: GAN) throws -> [String: ReferenceTensor] {
        let graph = StepGraph(reportingGradientsOf: gan, batch: 4, randomness: .feeds).graph
        var given: [String: ReferenceTensor] = [:]
        for (_, input) in graph.inputs {
            // The same values under the same name, in graphs with their inputs in another order.
            var numbers = TestNumbers(seed: input.label.utf8.reduce(8) { $0 &* 31 &+ UInt64($1) })
            given[input.label] = ReferenceTensor(
                input.type, numbers.tensor(input.type.shape, in: -0.9...0.9))
        }
        return Interpreter(graph).run(given).filter {
            $0.key.hasPrefix("gradient.") || $0.key == "late"
        }
    }

    /// Real images and fakes each need one backward pass through D, and each finite difference one more: its pass at the
    /// images themselves is that of the loss.
    @Test(arguments: [GradientMethod.random, .directional])
    func oneBackwardPass(_ method: GradientMethod) throws {
        func passes(_ step: some TrainingStep) throws -> Int {
            let graph = StepGraph(try gan(method, step: step), batch: 4).graph
            return try Passes.optimize(graph).description.split(separator: "\n").count {
                $0.contains("convolutionFilterGradient")
            }
        }
        #expect(try passes(SimultaneousStep()) == 4)
        #expect(try passes(Apart()) == 6)
    }

    /// The gradients are those with passes of their own.
    @Test(arguments: GradientMethod.allCases, OwnPass.allCases)
    func isTheSame(_ method: GradientMethod, own: OwnPass) throws {
        let shared = try run(gan(method, step: SimultaneousStep(), own: own))
        let apart = try run(gan(method, step: Apart(), own: own))
        #expect(shared.count == 6 && shared.keys == apart.keys)
        for (name, expected) in apart {
            let found = try #require(shared[name])
            let scale = expected.values.map(abs).max() ?? 0
            for (a, b) in zip(found.values, expected.values) {
                #expect(abs(a - b) <= 1e-12 * scale, "\(name)")
            }
        }
    }

    /// After an update of D a penalty needs a pass with the new weights.
    @Test func updatesEndSharing() throws {
        let found = try run(gan(.random, step: Late(copies: false)))
        let expected = try run(gan(.random, step: Late(copies: true)))
        #expect(try #require(found["late"]).values == #require(expected["late"]).values)
    }
}

/// The simultaneous step with penalties at copies of the images, so that no pass is shared.
private struct Apart: TrainingStep {
    static let kind = "apart"

    func build(_ step: StepBuilder) {
        let fakes = step.generate(pass: "generator")
        let real = step.realImages()
        let (onReal, onFake) = (
            step.discriminate(real, pass: "real"), step.discriminate(fakes, pass: "fake")
        )
        let loss = step.gan.loss.discriminator(real: onReal, fake: onFake)
        let generatorLoss = step.gan.loss.generator(fake: onFake, real: onReal)
        let penalty = step.penalties(real: real * 1, fake: fakes * 1)
        let gradients = step.gradients(of: penalty.map { loss + $0 } ?? loss, by: .discriminator)
        let own = step.gradients(of: generatorLoss, by: .generator)
        step.update(.discriminator, gradients)
        step.update(.generator, own)
        step.report(discriminator: loss, real: onReal, fake: onFake)
        step.report(generator: generatorLoss, fake: onFake)
    }
}

/// A step whose penalty comes after an update, at the images or at copies of them.
private struct Late: TrainingStep {
    static let kind = "late"
    var copies: Bool

    func build(_ step: StepBuilder) {
        let (real, fakes) = (step.realImages(), step.generate(pass: "fake"))
        let (onReal, onFake) = (step.discriminate(real), step.discriminate(fakes))
        let loss = step.gan.loss.discriminator(real: onReal, fake: onFake)
        step.minimize(loss, of: .discriminator)
        if let penalty = step.penalties(
            real: copies ? real * 1 : real, fake: copies ? fakes * 1 : fakes)
        {
            step.report("late", penalty)
        }
        step.report(discriminator: loss, real: onReal, fake: onFake)
        step.report(generator: step.gan.loss.generator(fake: onFake, real: onReal), fake: onFake)
    }
}
