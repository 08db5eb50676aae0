import Ganymede
import TestSupport
import Testing

/// Penalties and their gradients with respect to D's weights, against closed forms.
@Suite(.timeLimit(.minutes(20)))
struct RegularizerTests {
    /// D(x) = sum(w x^3) / 3 has the gradient w x^2 with respect to x.
    private func penalty(
        _ regularizer: some Regularizer, weights: [Double], real: [[Double]], fake: [[Double]],
        shares: [Double]
    ) throws -> (reference: [Double], compiled: [Double], gradient: [Double]) {
        let (batch, size) = (real.count, weights.count)
        let builder = GraphBuilder()
        let w = builder.feed("w", TensorType([1, size]))
        let penalty =
            regularizer.penalty(
                { x in (x * x * x * w * (1.0 / 3)).sum(axes: [1]).reshape([batch, 1]) },
                real: builder.feed("real", TensorType([batch, size])),
                fake: builder.feed("fake", TensorType([batch, size])),
                random: { builder.feed("shares", TensorType($1)) }) * regularizer.weight.from
        builder.result("penalty", penalty)
        builder.result("gradient", gradients(of: penalty, withRespectTo: [w])[0])
        let given = [
            "w": ReferenceTensor([1, size], weights),
            "real": ReferenceTensor([batch, size], real.flatMap { $0 }),
            "fake": ReferenceTensor([batch, size], fake.flatMap { $0 }),
            "shares": ReferenceTensor([batch, 1], shares),
        ]
        let exact = Interpreter(builder.graph).run(given)
        let compiled = try builder.graph.runCompiled(given)
        return (
            try #require(exact["penalty"]).values, try #require(compiled["penalty"]),
            try #require(exact["gradient"]).values
        )
    }

    private let weights = [0.5, -1.5, 2]
    private let real = [[0.3, 1, -0.7], [1.2, -0.4, 0.6]]
    private let fake = [[-0.5, 0.2, 0.9], [0.8, 1.1, -1]]
    private let shares = [0.25, 0.75]

    /// (w x^2)^2 summed over a sample's elements.
    private func squaredNorm(_ x: [Double]) -> Double {
        var sum = 0.0
        for (w, x) in zip(weights, x) { sum += (w * x * x) * (w * x * x) }
        return sum
    }

    /// The penalty is weight / 2 mean(sum((w x^2)^2)); its gradient with respect to w is weight mean(w x^4).
    @Test func r1() throws {
        let found = try penalty(
            R1(weight: 3), weights: weights, real: real, fake: fake, shares: shares)
        let mean = (squaredNorm(real[0]) + squaredNorm(real[1])) / 2
        #expect(abs(found.reference[0] - 1.5 * mean) < 1e-12)
        #expect(abs(found.compiled[0] - found.reference[0]) < 1e-5)
        for (index, w) in weights.enumerated() {
            var slope = 0.0
            for x in real { slope += 1.5 * w * power(x[index]) }
            #expect(abs(found.gradient[index] - slope) < 1e-12)
        }
    }

    /// The penalty is weight mean((n - 1)^2), with n = |w y^2| at y between real and fake; its gradient with respect to
    /// w is weight mean(2 (n - 1) / n w y^4).
    @Test func gradientPenalty() throws {
        let found = try penalty(
            GradientPenalty(weight: 2), weights: weights, real: real, fake: fake, shares: shares)
        var value = 0.0
        var slopes = [0.0, 0, 0]
        for row in 0..<2 {
            let y = (0..<3).map { real[row][$0] * shares[row] + fake[row][$0] * (1 - shares[row]) }
            let norm = (squaredNorm(y) + 1e-12).squareRoot()
            value += (norm - 1) * (norm - 1)
            for index in 0..<3 {
                slopes[index] += 2 * (norm - 1) / norm * weights[index] * power(y[index])
            }
        }
        #expect(abs(found.reference[0] - value) < 1e-12)
        #expect(abs(found.compiled[0] - found.reference[0]) < 1e-5)
        #expect(zip(found.gradient, slopes).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    private func power(_ x: Double) -> Double { x * x * x * x }

    @Test func ranges() {
        #expect(
            R1(weight: -1).fault != nil && GradientPenalty(weight: .constant(.nan)).fault != nil)
        #expect(R1().fault == nil && GradientPenalty().fault == nil)
    }
}

/// The relativistic loss against its formula, in double precision.
@Suite(.timeLimit(.minutes(20)))
struct RelativisticLossTests {
    @Test func relativistic() throws {
        let (real, fake) = ([-30, -1.5, 0.3, 25.0], [3, -1.5, 4, -2.0])
        let builder = GraphBuilder()
        let r = builder.feed("r", TensorType([4, 1]))
        let f = builder.feed("f", TensorType([4, 1]))
        builder.result("d", RelativisticLoss().discriminator(real: r, fake: f))
        builder.result("g", RelativisticLoss().generator(fake: f, real: r))
        let found = Interpreter(builder.graph).run([
            "r": ReferenceTensor([4, 1], real), "f": ReferenceTensor([4, 1], fake),
        ])
        func softplus(_ x: Double) -> Double {
            max(x, 0) + LibM.log(1 + LibM.exp(-abs(x)))
        }
        let d = zip(real, fake).map { softplus($1 - $0) }.reduce(0, +) / 4
        let g = zip(real, fake).map { softplus($0 - $1) }.reduce(0, +) / 4
        #expect(abs((found["d"]?.values[0] ?? 0) - d) < 1e-12)
        #expect(abs((found["g"]?.values[0] ?? 0) - g) < 1e-12)
    }
}
