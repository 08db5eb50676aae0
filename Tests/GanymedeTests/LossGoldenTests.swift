import Foundation
import Ganymede
import TestSupport
import Testing

/// Losses, penalties, Adam with schedules and clipping against PyTorch, in double precision.
/// `Tests/Golden/losses/make_torch.py` made the data.
@Suite(.timeLimit(.minutes(20)))
struct LossGoldenTests {
    private struct Golden: Decodable {
        struct Loss: Decodable {
            let real, fake, dReal, dFake, gReal, gFake, ddReal, ddFake, ggFake: [Double]
            let d, g: Double
        }
        struct Penalty: Decodable {
            let value: Double
            let w1, b1, w2: [Double]
        }
        struct AdamRun: Decodable { let gradients, beta2, lr, weights: [Double] }
        struct Clip: Decodable {
            let maxNorm: Double
            let given, values: [[Double]]
        }
        let losses: [String: Loss]
        let penalties: Penalties
        let adam: AdamRun
        let clip: [Clip]

        struct Penalties: Decodable {
            let real, fake, w1, b1, w2, share, noise: [Double]
            let kinds: [String: Penalty]

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                let inputs = try container.decode(Inputs.self)
                (real, fake, w1, b1) = (inputs.real, inputs.fake, inputs.w1, inputs.b1)
                (w2, share, noise) = (inputs.w2, inputs.share, inputs.noise)
                let all = try container.decode(Kinds.self)
                kinds = [
                    "r1": all.r1, "r2": all.r2, "gradient-penalty": all.gradientPenalty,
                    "dragan": all.dragan,
                ]
            }
            private struct Inputs: Decodable {
                let real, fake, w1, b1, w2, share, noise: [Double]
            }
            private struct Kinds: Decodable {
                let r1, r2, dragan, gradientPenalty: Penalty
                enum CodingKeys: String, CodingKey {
                    case r1, r2, dragan
                    case gradientPenalty = "gradient-penalty"
                }
            }
        }
    }

    private static func golden() throws -> Golden {
        let path = TestSupport.Golden.path("losses/values.json")
        return try JSON.decoder().decode(
            Golden.self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// Relative to the largest value of the list.
    private func expectClose(
        _ found: [Double]?, _ expected: [Double], _ name: String, tolerance: Double = 1e-12
    ) {
        let scale = max(expected.map(abs).max() ?? 0, 1e-300)
        let worst = zip(found ?? [], expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(found?.count == expected.count && worst <= tolerance * scale, "\(name): \(worst)")
    }

    @Test(arguments: Losses.all.map { $0.kind })
    func losses(kind: String) throws {
        let golden = try #require(try LossGoldenTests.golden().losses[kind])
        let type = try #require(Losses.all.first { $0.kind == kind })
        guard let loss: any AdversarialLoss = type.defaults else {
            throw GanymedeError.notFound("defaults")
        }
        let builder = GraphBuilder()
        let count = golden.real.count
        let real = builder.feed("real", TensorType([count, 1]))
        let fake = builder.feed("fake", TensorType([count, 1]))
        let d = loss.discriminator(real: real, fake: fake)
        let g = loss.generator(fake: fake, real: real)
        builder.result("d", d)
        builder.result("g", g)
        let dSlopes = gradients(of: d, withRespectTo: [real, fake])
        let gSlopes = gradients(of: g, withRespectTo: [real, fake])
        for (name, slope) in zip(["d_real", "d_fake", "g_real", "g_fake"], dSlopes + gSlopes) {
            builder.result(name, slope)
        }
        builder.result("dd_real", gradients(of: dSlopes[0].sum(), withRespectTo: [real])[0])
        builder.result("dd_fake", gradients(of: dSlopes[1].sum(), withRespectTo: [fake])[0])
        builder.result("gg_fake", gradients(of: gSlopes[1].sum(), withRespectTo: [fake])[0])
        let inputs = [
            "real": ReferenceTensor([count, 1], golden.real),
            "fake": ReferenceTensor([count, 1], golden.fake),
        ]
        let found = Interpreter(builder.graph).run(inputs)
        let compiled = try builder.graph.runCompiled(inputs)
        for (name, expected) in [
            ("d", [golden.d]), ("g", [golden.g]), ("d_real", golden.dReal),
            ("d_fake", golden.dFake), ("g_real", golden.gReal), ("g_fake", golden.gFake),
            ("dd_real", golden.ddReal), ("dd_fake", golden.ddFake), ("gg_fake", golden.ggFake),
        ] {
            expectClose(found[name]?.values, expected, name)
            expectClose(compiled[name], expected, "\(name) compiled", tolerance: 1e-5)
        }
    }

    /// log(1 + e^x) has the derivative 1/2 at 0, where a maximum has none.
    @Test func softplusAtZero() throws {
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType([1]))
        builder.result("slope", gradients(of: x.softplus().sum(), withRespectTo: [x])[0])
        let inputs = ["x": ReferenceTensor([1], [0])]
        #expect(Interpreter(builder.graph).run(inputs)["slope"]?.values == [0.5])
        #expect(try builder.graph.runCompiled(inputs)["slope"] == [0.5])
    }

    /// The penalty, and its gradients with respect to the weights of D(x) = tanh(x W1 + b1) W2.
    private func penalty(_ regularizer: any Regularizer, noise: [Double]? = nil) throws -> (
        exact: [String: [Double]], compiled: [String: [Double]]
    ) {
        let given = try LossGoldenTests.golden().penalties
        let builder = GraphBuilder()
        var inputs: [String: ReferenceTensor] = [:]
        func feed(_ name: String, _ shape: Shape, _ values: [Double]) -> Tensor {
            inputs[name] = ReferenceTensor(shape, values)
            return builder.feed(name, TensorType(shape))
        }
        let w1 = feed("w1", [6, 5], given.w1)
        let b1 = feed("b1", [5], given.b1)
        let w2 = feed("w2", [5, 1], given.w2)
        let term = regularizer.penalty(
            { ($0.matmul(w1) + b1).tanh().matmul(w2) }, real: feed("real", [4, 6], given.real),
            fake: feed("fake", [4, 6], given.fake)
        ) { distribution, shape in
            shape.count == 4
                ? feed("share", shape, given.share) : feed("noise", shape, noise ?? given.noise)
        }
        builder.result("value", term)
        for (name, slope) in zip(
            ["w1", "b1", "w2"], gradients(of: term, withRespectTo: [w1, b1, w2]))
        {
            builder.result(name, slope)
        }
        let exact = Interpreter(builder.graph).run(inputs).mapValues(\.values)
        return (exact, try builder.graph.runCompiled(inputs))
    }

    private func kinds(_ method: GradientMethod, sigma: Double) -> [any ImageGradientPenalty] {
        [
            R1(method: method, sigma: sigma), R2(method: method, sigma: sigma),
            GradientPenalty(method: method, sigma: sigma), DRAGAN(method: method, sigma: sigma),
        ]
    }

    @Test func exactPenalties() throws {
        let golden = try LossGoldenTests.golden().penalties.kinds
        for regularizer in kinds(.exact, sigma: 0.05) {
            let kind = type(of: regularizer).kind
            let expected = try #require(golden[kind])
            let (exact, compiled) = try penalty(regularizer)
            for (name, values) in [
                ("value", [expected.value]), ("w1", expected.w1), ("b1", expected.b1),
                ("w2", expected.w2),
            ] {
                expectClose(exact[name], values, "\(kind) \(name)")
                expectClose(compiled[name], values, "\(kind) \(name) compiled", tolerance: 1e-4)
            }
        }
    }

    /// The cosine of the gradients of the finite-difference form and of the exact one, for steps as small as double and
    /// single precision allow. The error of a one-sided difference is in proportion to the step.
    @Test func directionalPenaltiesAgree() throws {
        let golden = try LossGoldenTests.golden().penalties.kinds
        func cosine(_ a: [String: [Double]], _ b: LossGoldenTests.Golden.Penalty) -> Double {
            let x = ["w1", "b1", "w2"].flatMap { a[$0] ?? [] }
            let y = b.w1 + b.b1 + b.w2
            func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).map(*).reduce(0, +) }
            return dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
        }
        for regularizer in kinds(.directional, sigma: 1e-6) {
            let expected = try #require(golden[type(of: regularizer).kind])
            let found = try penalty(regularizer).exact
            #expect(cosine(found, expected) > 1 - 1e-8)
            expectClose(found["value"], [expected.value], "value", tolerance: 1e-5)
        }
        for regularizer in kinds(.directional, sigma: 0.002) {
            let expected = try #require(golden[type(of: regularizer).kind])
            #expect(cosine(try penalty(regularizer).compiled, expected) > 0.999)
        }
    }

    /// The mean over many random directions is the exact penalty: E[(e . g)^2] = |g|^2.
    @Test func randomPenaltiesAgreeOnAverage() throws {
        let expected = try #require(try LossGoldenTests.golden().penalties.kinds["r1"])
        var sum = [Double](repeating: 0, count: 1 + expected.w1.count)
        let draws = 4000
        for draw in 0..<draws {
            let noise = Random.draw(
                .normal, count: 24, stream: "test", key: RandomKey(seed: UInt64(draw), step: 0))
            let found = try penalty(R1(method: .random, sigma: 1e-4), noise: noise.map(Double.init))
                .exact
            for (index, value) in ((found["value"] ?? []) + (found["w1"] ?? [])).enumerated() {
                sum[index] += value / Double(draws)
            }
        }
        // The standard error of the mean of squares is sqrt(2 / draws) of it, 2 %.
        expectClose(sum, [expected.value] + expected.w1, "mean", tolerance: 0.1)
    }

    @Test func adamFollowsItsSchedules() throws {
        let golden = try LossGoldenTests.golden().adam
        let adam = Adam(
            learningRate: .linear(from: 0.1, to: 0.02, steps: 2..<6), beta1: 0.5,
            beta2: .linear(from: 0.9, to: 0.99, steps: 1..<5), epsilon: 1e-7)
        var states = ["w": 1.0, "m": 0, "v": 0]
        for (step, gradient) in golden.gradients.enumerated() {
            #expect(abs(adam.learningRate[step] - golden.lr[step]) < 1e-15)
            #expect(abs(adam.beta2[step] - golden.beta2[step]) < 1e-15)
            let builder = GraphBuilder()
            func feed(_ name: String) -> Tensor { builder.feed(name, TensorType(.scalar)) }
            let new = adam.apply(
                feed("w"), feed("g"), slots: [feed("m"), feed("v")],
                scalars: adam.scalars.map(feed))
            for (name, value) in zip(["w", "m", "v"], [new.weight] + new.slots) {
                builder.result("new.\(name)", value)
            }
            var inputs = states.mapValues { ReferenceTensor(.scalar, [$0]) }
            inputs["g"] = ReferenceTensor(.scalar, [gradient])
            for (index, name) in adam.scalars.enumerated() {
                inputs[name] = ReferenceTensor(
                    .scalar, [adam.scalarValue(index, update: step + 1, step: step)])
            }
            let found = Interpreter(builder.graph).run(inputs)
            for name in states.keys { states[name] = found["new.\(name)"]?.values[0] }
            #expect(abs((states["w"] ?? 0) - golden.weights[step]) < 1e-14)
        }
    }

    /// Gradients of two variables are scaled together. PyTorch adds 1e-6 to the norm.
    @Test func clippingByNorm() throws {
        for clip in try LossGoldenTests.golden().clip {
            let builder = GraphBuilder()
            var inputs: [String: ReferenceTensor] = [:]
            let gradients = clip.given.enumerated().map { index, values in
                inputs["g\(index)"] = ReferenceTensor([values.count], values)
                return (
                    variable: Variable(
                        name: "n.\(index)", shape: [values.count], initializer: .zeros),
                    gradient: builder.feed("g\(index)", TensorType([values.count]))
                )
            }
            for (index, part) in UpdateBuilder.clip(gradients, to: clip.maxNorm).enumerated() {
                builder.result("\(index)", part.gradient)
            }
            let found = Interpreter(builder.graph).run(inputs)
            for (index, values) in clip.values.enumerated() {
                expectClose(found["\(index)"]?.values, values, "clip", tolerance: 1e-6)
            }
        }
    }
}
