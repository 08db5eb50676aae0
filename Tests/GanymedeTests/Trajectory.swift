import Ganymede
import TestSupport

/// Ten losses, the gradients of step one, and the final weights.
struct Trajectory {
    private(set) var values: [String: [Double]] = ["d_loss": [], "g_loss": []]

    /// Computed in double precision by the reference interpreter.
    static func reference(of gan: GAN, _ system: String) throws -> Trajectory {
        try Trajectory(gan, system) { graph, variables in
            var states = variables
            return { feeds in
                let results = Interpreter(graph).run(states.merging(feeds) { $1 })
                for name in states.keys { states[name] = results[name] ?? states[name] }
                return (results.mapValues(\.values), states.mapValues(\.values))
            }
        }
    }

    /// Computed in single precision by the compiled program.
    static func compiled(of gan: GAN, _ system: String) throws -> Trajectory {
        try EngineThread.run {
            try Trajectory(gan, system) { graph, variables in
                let store = StateStore()
                for (name, value) in variables {
                    store[name] = HostTensor(value.shape, value.values.map(Float.init))
                }
                let program = try Program(graph, store: store)
                return { feeds in
                    for (name, value) in feeds where program.hasFeed(name) {
                        if value.type.dtype == .int32 {
                            program.setFeed(
                                name, bits: value.values.map { UInt32(bitPattern: Int32($0)) })
                        } else {
                            program.setFeed(name, value.values.map(Float.init))
                        }
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
        _ gan: GAN, _ system: String, _ start: (Graph, [String: ReferenceTensor]) throws -> Run
    ) throws {
        let inputs = try Safetensors(Golden.path("systems/\(system)-inputs.safetensors"))
        let batch = inputs.shape("step0.real")?[0] ?? 0
        let step = StepGraph(reportingGradientsOf: gan, batch: batch, randomness: .feeds)
        var variables: [String: ReferenceTensor] = [:]
        for variable in step.variables {
            // An average starts as what it averages.
            let name = "initial.\(variable.startsAs ?? variable.name)"
            let values =
                inputs.names.contains(name)
                ? try inputs.doubles(name) : [Double](repeating: 0, count: variable.shape.count)
            variables[variable.name] = ReferenceTensor(variable.shape, values)
        }
        let run = try start(step.graph, variables)
        var states: [String: [Double]] = [:]
        for index in 0..<10 {
            var feeds: [String: ReferenceTensor] = [:]
            for (_, input) in step.graph.inputs where input.role == .feed {
                let name = "step\(index).\(input.label)"
                guard let shape = inputs.shape(name) else { continue }
                feeds[input.label] = try ReferenceTensor(
                    TensorType(shape, input.type.dtype), inputs.doubles(name))
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
        for (name, value) in states where !name.contains(".adam.") && !name.contains(".rmsprop.") {
            values["final.\(name)"] = value
        }
    }

    func largestDifference(_ name: String, _ expected: [Double]) -> Double {
        guard let found = values[name], found.count == expected.count else { return .infinity }
        return zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    }

    /// The largest difference divided by the largest expected value. The gradient of a bias before batch normalization
    /// is only rounding error, so it is compared with the largest gradient of all.
    func relativeError(_ name: String, _ expected: [Double]) -> Double {
        var scale = expected.map(abs).max() ?? 0
        if name.hasPrefix("gradient."), scale < 1e-9 * largestGradient { scale = largestGradient }
        return largestDifference(name, expected) / max(scale, 1e-300)
    }

    private var largestGradient: Double {
        values.filter { $0.key.hasPrefix("gradient.") }
            .map { $0.value.map(abs).max() ?? 0 }.max() ?? 0
    }
}
