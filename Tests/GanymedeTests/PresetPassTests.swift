import Ganymede
import TestSupport
import Testing

/// The compiler's passes on the step of every preset.
@Suite(.timeLimit(.minutes(20)))
struct PresetPassTests {
    private static let batch = 16

    private func step(_ system: GoldenSystem) -> Graph {
        StepGraph(
            reportingGradientsOf: system.gan, batch: Self.batch, randomness: .philox
        ).graph
    }

    /// The reference interpreter gives the same results before and after each pass.
    @Test(arguments: GoldenSystem.all)
    func passesKeepTheAnswer(system: GoldenSystem) throws {
        var graph = step(system)
        let given = PresetInputs.of(graph)
        let expected = Interpreter(graph).run(given)
        for pass in Passes.all(.f32) {
            let before = graph.description
            graph = try pass.run(graph)
            if graph.description == before { continue }
            let found = PresetInputs.worst(Interpreter(graph).run(given), expected)
            #expect(found.error <= 1e-9, "\(pass.name): \(found)")
        }
    }

    /// Storage in bf16 changes losses and gradients by no more than its rounding explains. Each rounding changes a
    /// value by at most 2^-9 relative. The effect of such a change is measured by moving every input by as much,
    /// because normalization over few samples and kinks of activations amplify it. It is multiplied by the longest
    /// chain of roundings from a weight to the loss and back. The compiled program rounds like the reference, except
    /// for values so near a tie that the order of additions decides.
    @Test(arguments: GoldenSystem.all)
    func bfloat16IsNear(system: GoldenSystem) throws {
        let plain = step(system)
        let given = PresetInputs.of(plain)
        let expected = Interpreter(plain).run(given)
        let narrow = try Passes.optimize(plain, .bf16)
        let reference = Interpreter(narrow).run(given)
        let moved = Interpreter(plain).run(moved(given))
        let compiled =
            DNN.hasBFloat16 ? try plain.runCompiled(given, precision: .bf16) : nil
        let roundings = Double(narrow.longestChainOfRoundings)
        #expect(roundings > 4)
        let names = expected.keys.filter { $0.hasPrefix("gradient.") || $0.hasSuffix("loss") }
        let largest = names.map { norm(expected[$0]?.values ?? []) }.max() ?? 0
        for name in names {
            func values(_ run: [String: ReferenceTensor]) throws -> [Double] {
                try #require(run[name]).values
            }
            let exact = try values(expected)
            let sensitivity = try norm(zip(values(moved), exact).map(-))
            let bound = roundings * max(sensitivity, 0x1p-9 * largest)
            #expect(try norm(zip(values(reference), exact).map(-)) <= bound, "\(name)")
            guard let found = compiled?[name] else { continue }
            // The gradient of a bias before batch normalization is only rounding error.
            let isNoise = norm(exact) < 1e-9 * largest
            let scale = try isNoise ? largest : max(norm(values(reference)), 1e-3 * largest)
            #expect(
                try norm(zip(found, values(reference)).map(-))
                    <= max(0x1p-9 * scale, sensitivity),
                "\(name) compiled")
        }
    }

    /// Every value except keys, changed by a factor 1 +- 2^-9.
    private func moved(_ given: [String: ReferenceTensor]) -> [String: ReferenceTensor] {
        var numbers = TestNumbers(seed: 5)
        return given.mapValues { tensor in
            guard tensor.type.dtype == .float32 else { return tensor }
            let signs = numbers.tensor(tensor.shape, in: -1...1)
            return ReferenceTensor(
                tensor.type, zip(tensor.values, signs).map { $0 * (1 + ($1 < 0 ? -1 : 1) * 0x1p-9) }
            )
        }
    }

    private func norm(_ values: [Double]) -> Double {
        values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}

extension Graph {
    /// The largest number of bf16 values on a path through the graph.
    fileprivate var longestChainOfRoundings: Int {
        var chain = [Int](repeating: 0, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            let before = node.inputs.map { chain[$0.node] }.max() ?? 0
            chain[index] = before + (node.types.contains { $0.dtype == .bfloat16 } ? 1 : 0)
        }
        return chain.max() ?? 0
    }
}
