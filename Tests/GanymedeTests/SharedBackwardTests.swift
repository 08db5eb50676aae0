import Ganymede
import TestSupport
import Testing

/// The simultaneous step's single backward pass through D for both losses.
@Suite(.timeLimit(.minutes(20)))
struct SharedBackwardTests {
    private let batch = 6

    private func step(_ loss: some AdversarialLoss) throws -> StepGraph {
        let gan = try GAN(
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
            loss: loss, step: SimultaneousStep(), generatorOptimizer: SGD(learningRate: 1),
            discriminatorOptimizer: SGD(learningRate: 1))
        return StepGraph(reportingGradientsOf: gan, batch: batch, randomness: .feeds)
    }

    /// Values for every input. D's last bias is `bias`, so that logits are around it.
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

    /// Gradients are the same as with one backward pass for each loss, also if sigmoid(logit) is 0 or 1 in f32 and the
    /// quotient of the derivatives would be 0 / 0.
    @Test(
        arguments: ["non-saturating", "minimax", "relativistic"],
        [0.0, 3, -3, 30, -30, 200, -200])
    func isTheSame(loss: String, bias: Double) throws {
        let (shared, separate) =
            switch loss {
            case "minimax": (try step(MinimaxLoss()), try step(Unshared(loss: MinimaxLoss())))
            case "relativistic":
                (try step(RelativisticLoss()), try step(UnsharedRelativistic()))
            default: (try step(NonSaturatingLoss()), try step(Unshared(loss: NonSaturatingLoss())))
            }
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
                // Near 1, a sigmoid in f32 has an error of 2^-24, which is not small compared with its difference from
                // 1.
                #expect(abs(other - value) <= 3e-5 * scale + 0x1p-22, "\(name) compiled")
            }
        }
        #expect(seen == 6)
    }

    /// A discriminator with batch normalization mixes samples, and needs two backward passes.
    @Test func mixedSamplesAreNotShared() throws {
        func graph(_ layers: [any Layer]) throws -> String {
            let gan = try GAN(
                generator: Sequential("generator", input: [3]) {
                    Dense(8)
                    Reshape([2, 4, 1])
                },
                discriminator: Sequential(
                    "discriminator", input: [2, 4, 1], layers: [Flatten()] + layers + [Dense(1)]),
                step: SimultaneousStep())
            return StepGraph(gan, batch: 4).graph.description
        }
        // Only the shared backward pass uses this constant.
        let tiny = "constant \(0x1p-60)"
        let (apart, mixed) = (try graph([Dense(4)]), try graph([Dense(4), BatchNorm()]))
        #expect(apart.contains(tiny) && !mixed.contains(tiny))
    }
}

/// A loss that does not declare its derivative to be nonzero.
private struct Unshared<Loss: SeparableLoss>: SeparableLoss {
    static var kind: String { "unshared" }
    var loss: Loss
    func real(_ logits: Tensor) -> Tensor { loss.real(logits) }
    func fake(_ logits: Tensor) -> Tensor { loss.fake(logits) }
    func generator(_ logits: Tensor) -> Tensor { loss.generator(logits) }
}

private struct UnsharedRelativistic: AdversarialLoss {
    static let kind = "unshared-relativistic"
    func discriminator(real: Tensor, fake: Tensor) -> Tensor {
        RelativisticLoss().discriminator(real: real, fake: fake)
    }
    func generator(fake: Tensor, real: Tensor) -> Tensor {
        RelativisticLoss().generator(fake: fake, real: real)
    }
}
