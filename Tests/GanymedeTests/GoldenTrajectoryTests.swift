import Ganymede
import TestSupport
import Testing

/// Ten steps of a narrow `mlp`, dropout on, against Keras and PyTorch in double precision. The scripts
/// that made the data lie beside it.
struct GoldenTrajectoryTests {
    static let learningRate = 2e-3

    /// The system of `Tests/Golden/mlp/README.md`, with what the mutation test changes.
    static func gan(
        labelSmoothing: Double = 0, dropout: Bool = true, normEpsilon: Double = 1e-3,
        adamEpsilon: Double = 1e-7, norm: ((Double) -> any Layer)? = nil
    ) -> GAN {
        let adam = Adam(learningRate: learningRate, beta1: 0.5, epsilon: adamEpsilon)
        return GAN(
            generator: Sequential("generator", input: [16]) {
                for units in [32, 48, 64] {
                    Dense(units)
                    LeakyReLU(0.2)
                    if let norm {
                        norm(normEpsilon)
                    } else {
                        BatchNorm(momentum: 0.8, epsilon: normEpsilon)
                    }
                }
                Dense(64)
                Tanh()
                Reshape(8, 8, 1)
            },
            discriminator: Sequential("discriminator", input: [8, 8, 1]) {
                Flatten()
                for units in [32, 16] {
                    Dense(units)
                    LeakyReLU(0.2)
                    if dropout { Dropout(0.3) }
                }
                Dense(1)
            },
            labelSmoothing: labelSmoothing, generatorOptimizer: adam, discriminatorOptimizer: adam)
    }

    @Test(arguments: ["keras", "torch"])
    func referenceAgreesWithFramework(framework: String) throws {
        let trajectory = try Trajectory.reference(of: GoldenTrajectoryTests.gan())
        let expected = try Safetensors(Golden.path("mlp/\(framework).safetensors"))
        for name in expected.names {
            let error = try trajectory.relativeError(name, expected.doubles(name))
            #expect(error <= 1e-9, "\(name) of \(framework) differs by \(error)")
        }
    }

    @Test func compiledAgreesWithReference() throws {
        let gan = GoldenTrajectoryTests.gan()
        let reference = try Trajectory.reference(of: gan)
        let compiled = try Trajectory.compiled(of: gan)
        for name in ["d_loss", "g_loss"] {
            let error = compiled.largestDifference(name, reference.values[name] ?? [])
            #expect(error <= 1e-4, "\(name) differs by \(error)")
        }
        var differences: [Double] = []
        for (name, expected) in reference.values {
            if name.hasPrefix("gradient.") {
                let error = compiled.relativeError(name, expected)
                #expect(error <= 1e-4, "\(name) differs by \(error)")
            } else if name.hasPrefix("final."), !name.contains("moving") {
                let found = compiled.values[name] ?? []
                try #require(found.count == expected.count)
                differences += zip(found, expected).map { abs($0 - $1) }
            }
        }
        let near = differences.filter { $0 <= 1e-5 }.count
        #expect(
            Double(near) >= 0.999 * Double(differences.count), "\(near) of \(differences.count)")
        let updates = 20.0
        #expect(differences.max() ?? 0 <= 2 * GoldenTrajectoryTests.learningRate * updates)
    }

    /// The golden test can fail: each of these mistakes is far outside its tolerance.
    @Test func mistakesAreSeen() throws {
        let expected = try Safetensors(Golden.path("mlp/keras.safetensors"))
        let mutants: [(String, GAN)] = [
            ("flipped label", GoldenTrajectoryTests.gan(labelSmoothing: 1)),
            ("omitted mask", GoldenTrajectoryTests.gan(dropout: false)),
            ("epsilon of batch normalization", GoldenTrajectoryTests.gan(normEpsilon: 1e-5)),
            ("epsilon of Adam", GoldenTrajectoryTests.gan(adamEpsilon: 1e-8)),
            ("N-1 variance", GoldenTrajectoryTests.gan(norm: { SampleVarianceNorm(epsilon: $0) })),
        ]
        for (mistake, gan) in mutants {
            let trajectory = try Trajectory.reference(of: gan)
            let worst =
                try expected.names
                .map { try trajectory.relativeError($0, expected.doubles($0)) }.max() ?? 0
            #expect(worst > 1e-6, "\(mistake) goes unseen: \(worst)")
        }
    }
}

/// Batch normalization with PyTorch's moving variance: the mistake that the golden test must see.
private struct SampleVarianceNorm: Layer {
    static let kind = "batch_norm"
    var epsilon: Double

    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let y = BatchNorm(momentum: 0.8, epsilon: epsilon).apply(x, context)
        guard context.mode == .training else { return y }
        let channels: Shape = [x.shape[1]]
        let rows = Double(x.shape[0])
        let old = context.parameter("moving_variance", channels, .ones, trainable: false)
        let mean = x.mean(axes: [0])
        let centered = x - mean
        let extra = (centered * centered).mean(axes: [0]) * (0.2 / (rows - 1))
        context.update("moving_variance", to: old + extra)
        return y
    }
}

/// Ten losses, the gradients of step one, and the final weights.
struct Trajectory {
    private(set) var values: [String: [Double]] = ["d_loss": [], "g_loss": []]

    /// In double precision by the reference interpreter.
    static func reference(of gan: GAN) throws -> Trajectory {
        try Trajectory(gan) { graph, variables in
            var states = variables
            return { feeds in
                let results = Interpreter(graph).run(states.merging(feeds) { $1 })
                for name in states.keys { states[name] = results[name] ?? states[name] }
                return (results.mapValues(\.values), states.mapValues(\.values))
            }
        }
    }

    /// In single precision by the compiled program.
    static func compiled(of gan: GAN) throws -> Trajectory {
        try EngineThread.run {
            try Trajectory(gan) { graph, variables in
                let store = StateStore()
                for (name, value) in variables {
                    store[name] = HostTensor(value.shape, value.values.map(Float.init))
                }
                let program = try Program(graph, store: store)
                return { feeds in
                    for (name, value) in feeds where program.hasFeed(name) {
                        program.setFeed(name, value.values.map(Float.init))
                    }
                    program.run()
                    var results: [String: [Double]] = [:]
                    for output in graph.outputs where output.role == .result {
                        results[output.name] = program.result(output.name).map(Double.init)
                    }
                    var states: [String: [Double]] = [:]
                    for name in store.names { states[name] = store[name]?.values.map(Double.init) }
                    return (results, states)
                }
            }
        }
    }

    private typealias Run = ([String: ReferenceTensor]) throws -> (
        results: [String: [Double]], states: [String: [Double]]
    )

    private init(
        _ gan: GAN, _ start: (Graph, [String: ReferenceTensor]) throws -> Run
    ) throws {
        let inputs = try Safetensors(Golden.path("mlp/inputs.safetensors"))
        let step = TrainStep(reportingGradientsOf: gan, batch: 16, randomness: .feeds)
        var variables: [String: ReferenceTensor] = [:]
        for variable in step.variables {
            let name = "initial.\(variable.name)"
            let values =
                inputs.names.contains(name)
                ? try inputs.doubles(name) : [Double](repeating: 0, count: variable.shape.count)
            variables[variable.name] = ReferenceTensor(variable.shape, values)
        }
        let run = try start(step.graph, variables)
        var states: [String: [Double]] = [:]
        for index in 0..<10 {
            var feeds: [String: ReferenceTensor] = [:]
            for name in inputs.names where name.hasPrefix("step\(index).") {
                let feed = String(name.dropFirst("step\(index).".count))
                feeds[feed] = try ReferenceTensor(inputs.shape(name) ?? [], inputs.doubles(name))
            }
            for scalar in step.hostScalars {
                feeds[scalar.feed] = ReferenceTensor(.scalar, [scalar.exactValue(step: index)])
            }
            let (results, new) = try run(feeds)
            states = new
            for loss in ["d_loss", "g_loss"] { values[loss]? += results[loss] ?? [] }
            if index == 0 {
                for (name, value) in results where name.hasPrefix("gradient.") {
                    values[name] = value
                }
            }
        }
        for (name, value) in states where !name.contains(".adam.") {
            values["final.\(name)"] = value
        }
    }

    func largestDifference(_ name: String, _ expected: [Double]) -> Double {
        guard let found = values[name], found.count == expected.count else { return .infinity }
        return zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    }

    /// The largest difference over the largest expected number.
    func relativeError(_ name: String, _ expected: [Double]) -> Double {
        largestDifference(name, expected) / max(expected.map(abs).max() ?? 0, 1e-300)
    }
}
