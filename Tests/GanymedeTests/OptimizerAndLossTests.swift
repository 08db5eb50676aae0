import Foundation
import Ganymede
import TestSupport
import Testing

/// Optimizers and losses against their formulas in double precision.
@Suite(.timeLimit(.minutes(20)))
struct OptimizerAndLossTests {
    /// Three updates of one weight with gradients 0.5, -2, 0.1, starting at 1.
    private func path(of optimizer: any Optimizer) -> [Double] {
        let builder = GraphBuilder()
        let w = builder.state("w", TensorType([1]))
        let g = builder.feed("g", TensorType([1]))
        let slots = optimizer.slots.map { builder.state($0, TensorType([1])) }
        let scalars = optimizer.scalars.map { builder.feed($0, TensorType(.scalar)) }
        let new = optimizer.apply(w, g, slots: slots, scalars: scalars)
        builder.update("w", to: new.weight)
        for (name, value) in zip(optimizer.slots, new.slots) { builder.update(name, to: value) }
        var states = ["w": ReferenceTensor([1], [1])]
        for slot in optimizer.slots { states[slot] = ReferenceTensor([1], [0]) }
        return [0.5, -2, 0.1].enumerated().map { index, gradient in
            var inputs = states
            inputs["g"] = ReferenceTensor([1], [gradient])
            for (scalar, name) in optimizer.scalars.enumerated() {
                let value = optimizer.scalarValue(scalar, update: index + 1, step: index)
                inputs[name] = ReferenceTensor(.scalar, [value])
            }
            states.merge(Interpreter(builder.graph).run(inputs)) { $1 }
            return states["w"]?.values[0] ?? .nan
        }
    }

    private func expectClose(_ found: [Double], _ expected: [Double]) {
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-14 }, "\(found) \(expected)")
    }

    @Test func adam() {
        var (w, m, v) = (1.0, 0.0, 0.0)
        let expected = [0.5, -2, 0.1].enumerated().map { index, g in
            let t = Double(index + 1)
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            w -=
                1e-3 * (1 - pow(0.999, t)).squareRoot() / (1 - pow(0.9, t)) * m
                / (v.squareRoot() + 1e-7)
            return w
        }
        expectClose(path(of: Adam()), expected)
    }

    @Test func rmsprop() {
        var (w, v) = (1.0, 0.0)
        let expected = [0.5, -2, 0.1].enumerated().map { index, raw in
            let g = max(-1, min(1, raw))
            v = 0.9 * v + 0.1 * g * g
            w -= 8e-4 / (1 + 0.5 * Double(index)) * g / (v + 1e-7).squareRoot()
            return w
        }
        expectClose(path(of: RMSprop(learningRate: 8e-4, decay: 0.5, clipValue: 1)), expected)
    }

    @Test(arguments: [0, 0.9])
    func sgd(momentum: Double) {
        var (w, velocity) = (1.0, 0.0)
        let expected = [0.5, -2, 0.1].map { g in
            velocity = momentum * velocity - 0.01 * g
            w += velocity
            return w
        }
        expectClose(path(of: SGD(momentum: momentum)), expected)
    }

    @Test func everyOptimizerSurvivesItsFile() throws {
        let examples: [any Optimizer] = [Adam(), RMSprop(clipValue: 2), SGD(momentum: 0.3)]
        #expect(Set(examples.map { type(of: $0).kind }) == Set(Optimizers.all.map { $0.kind }))
        for optimizer in examples {
            var gan = try tinyGAN()
            gan.generatorOptimizer = optimizer
            let data = try JSON.encoder().encode(gan)
            #expect(try JSON.decoder().decode(GAN.self, from: data) == gan)
        }
    }

    @Test func separableLosses() {
        losses(NonSaturatingLoss(labelSmoothing: 0.1))
        losses(MinimaxLoss(labelSmoothing: 0.1))
    }

    private func losses(_ loss: some SeparableLoss) {
        let logits = [-30, -1.5, 0, 0.3, 4, 25.0]
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType([6, 1]))
        builder.result("real", loss.real(x))
        builder.result("fake", loss.fake(x))
        builder.result("generator", loss.generator(x))
        let found = Interpreter(builder.graph).run(["x": ReferenceTensor([6, 1], logits)])
            .mapValues { $0.values[0] }
        func mean(_ term: (Double) -> Double) -> Double { logits.map(term).reduce(0, +) / 6 }
        func logD(_ x: Double) -> Double { -log1p(exp(-x)) }
        func logNotD(_ x: Double) -> Double { -log1p(exp(x)) }
        let expected = [
            "real": mean { -0.9 * logD($0) - 0.1 * logNotD($0) },
            "fake": mean { -logNotD($0) },
            "generator": loss is MinimaxLoss ? mean(logNotD) : mean { -logD($0) },
        ]
        for (name, value) in expected {
            #expect(abs((found[name] ?? .nan) - value) < 1e-12, "\(name)")
        }
    }
}
