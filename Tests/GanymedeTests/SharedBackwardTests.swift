import Ganymede
import TestSupport
import Testing

/// One way back through D for both losses of the simultaneous schedule.
struct SharedBackwardTests {
    private let batch = 6

    private func step(_ loss: AdversarialLoss, shared: Bool) -> TrainStep {
        let gan = GAN(
            generator: Sequential("generator", input: [3]) {
                Dense(8)
                Tanh()
                Reshape([2, 4, 1])
            },
            discriminator: Sequential("discriminator", input: [2, 4, 1]) {
                Flatten()
                Dense(5)
                LeakyReLU(0.2)
                Dropout(0.3)
                Dense(1)
            },
            loss: loss, schedule: .simultaneous, generatorOptimizer: SGD(learningRate: 1),
            discriminatorOptimizer: SGD(learningRate: 1))
        return TrainStep(
            reportingGradientsOf: gan, batch: batch, randomness: .feeds, sharesBackward: shared)
    }

    /// Numbers for every input; D's last bias is `bias`, so that logits lie around it.
    private func inputs(_ graph: Graph, bias: Double) -> [String: ReferenceTensor] {
        var numbers = TestNumbers(seed: 8)
        var given: [String: ReferenceTensor] = [:]
        for (_, input) in graph.inputs {
            let range = input.label.contains("dropout") ? 0.0...1.9 : -0.9...0.9
            var values = numbers.tensor(input.type.shape, in: range)
            if input.label.contains("dropout") { values = values.map { $0.rounded(.down) } }
            if input.label == "discriminator.dense2.bias" { values = [bias] }
            given[input.label] = ReferenceTensor(input.type, values)
        }
        return given
    }

    /// The same gradients as by one way back for each loss, also where sigmoid(logit) is 0 or 1 in f32 and the
    /// quotient of the derivatives would be 0 / 0.
    @Test(arguments: AdversarialLoss.allCases, [0.0, 3, -3, 30, -30, 200, -200])
    func isTheSame(loss: AdversarialLoss, bias: Double) throws {
        let (shared, separate) = (step(loss, shared: true), step(loss, shared: false))
        #expect(shared.graph.description != separate.graph.description)
        let given = inputs(separate.graph, bias: bias)
        let expected = Interpreter(separate.graph).run(given)
        let exact = Interpreter(shared.graph).run(given)
        let compiled = try shared.graph.runCompiled(given)
        var seen = 0
        for (name, reference) in expected where name.hasPrefix("gradient.") {
            seen += 1
            let scale = max(reference.values.map(abs).max() ?? 0, 1e-12)
            for (index, value) in reference.values.enumerated() {
                let one = try #require(exact[name]).values[index]
                let other = try #require(compiled[name])[index]
                #expect(abs(one - value) <= 1e-12 * scale + 0x1p-58, "\(name)")
                // A sigmoid next to 1 is off by 2^-24 in f32, whichever way its difference from 1 goes.
                #expect(abs(other - value) <= 3e-5 * scale + 0x1p-22, "\(name) compiled")
            }
        }
        #expect(seen == 6)
    }

    /// D with statistics over its batch mixes samples, and goes back twice.
    @Test func mixedSamplesAreNotShared() {
        func graph(_ layers: [any Layer]) -> String {
            let gan = GAN(
                generator: Sequential("generator", input: [3]) {
                    Dense(8)
                    Reshape([2, 4, 1])
                },
                discriminator: Sequential(
                    "discriminator", input: [2, 4, 1], layers: [Flatten()] + layers + [Dense(1)]),
                schedule: .simultaneous)
            return TrainStep(gan, batch: 4).graph.description
        }
        // Only the shared way has a smallest derivative.
        let tiny = "constant \(0x1p-60)"
        #expect(graph([Dense(4)]).contains(tiny))
        #expect(!graph([Dense(4), BatchNorm()]).contains(tiny))
    }
}
