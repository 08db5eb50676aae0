import Engine
import Foundation
import TestSupport
import Testing

/// The two tests of the op table: fast kernels against the reference, and gradients against finite differences.
@Suite(.timeLimit(.minutes(20)))
struct OpTableTests {
    /// Every type under `Ops/` that is a primitive is in the graph of a row, and so is every function, distribution and
    /// direction. Feeds and constants compute nothing, and `FusedElementwise` is made by a pass alone.
    @Test func everyOperationHasARow() throws {
        var types: Set<String> = ["FusedElementwise"]
        var names: Set<String> = []
        for row in OpTable.rows {
            let builder = GraphBuilder()
            _ = row.build(row.symbols(builder))
            for operation in builder.graph.nodes.map(\.operation)
                + [row.operation].compactMap({ $0 })
                as [any Primitive]
            {
                types.insert(String("\(type(of: operation))".prefix { $0 != "<" }))
                names.insert(operation.name)
            }
        }
        let folder = Golden.folder.appending(path: "../../Sources/Engine/Ops")
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        let declaration = try Regex(#"struct (\w+)(?:<.*>)?: (?:Primitive|Fused)\b"#)
        let declared = try files.flatMap { file in
            try String(contentsOf: file, encoding: .utf8).matches(of: declaration)
                .compactMap { $0.output[1].substring.map(String.init) }
        }
        #expect(declared.count > 10)
        #expect(Set(declared).subtracting(types).isEmpty)
        let window = Window(image: [1, 1], size: [1, 1], strides: [1, 1], padding: .valid)
        let variants =
            ElementwiseFunction.examples.map(\.name)
            + Convolution.Direction.allCases.map { Convolution($0, window).name }
            + Distribution.examples.map { Random($0, [], stream: "").name }
            + [MatMul().biased(slope: 1).name, Convolution(.forward, window).biased(slope: 1).name]
            + [Gated(Convolution(.inputGradient, window), slope: 1).name]
            + [Reduce(.sum, axes: []).name, Reduce(.max, axes: []).name]
        #expect(Set(variants).subtracting(names).isEmpty)
    }

    @Test(arguments: OpTable.rows)
    func compiledAgreesWithReference(row: OpRow) throws {
        let builder = GraphBuilder()
        let outputs = row.build(row.symbols(builder))
        for (index, output) in outputs.enumerated() { builder.result("out\(index)", output) }
        let worst = try builder.graph.worstDifference(row.inputs())
        #expect(worst.difference <= row.tolerance, "\(worst)\n\(builder.graph)")
    }

    @Test(arguments: OpTable.rows.filter { $0.derivatives > 0 && $0.shapes[0].count < 200 })
    func gradientsAgreeWithDifferences(row: OpRow) throws {
        let builder = GraphBuilder()
        let inputs = row.symbols(builder)
        var objective = weightedSum(row.build(inputs), seed: 1)
        for order in 1...row.derivatives {
            let found = gradients(of: objective, withRespectTo: inputs)
            let check = DifferenceCheck(
                objective: objective, gradients: found, inputs: row.inputs())
            #expect(check.worst() <= (order == 1 ? 1e-7 : 1e-6), "order \(order)")
            builder.result("objective \(order)", objective)
            for (index, gradient) in found.enumerated() {
                builder.result("gradient \(order) in\(index)", gradient)
            }
            objective = weightedSum(found, seed: 2)
        }
        // The compiled gradients, fused and pruned, equal the reference's.
        let worst = try builder.graph.worstDifference(row.inputs())
        #expect(worst.difference <= 5e-5, "\(worst)")
    }

    /// A scalar that depends on every element with a different weight.
    private func weightedSum(_ tensors: [Tensor], seed: UInt64) -> Tensor {
        var numbers = TestNumbers(seed: seed)
        let terms = tensors.map { tensor in
            let weights = Constant(
                tensor.shape, values: numbers.tensor(tensor.shape, in: 0.5...1.5))
            return (tensor * tensor.builder.emit(weights)).sum()
        }
        return terms.dropFirst().reduce(terms[0], +)
    }
}

/// Compares gradients with central differences, all in double precision.
struct DifferenceCheck {
    let objective: Tensor
    let gradients: [Tensor]
    let inputs: [String: ReferenceTensor]

    /// The largest error relative to the gradient's largest entry, or 1.
    func worst() -> Double {
        var graph = objective.builder.graph
        graph.outputs = [Output(name: "objective", role: .result, value: objective.value)]
        let interpreter = Interpreter(graph)
        var gradientGraph = graph
        gradientGraph.outputs = gradients.enumerated().map {
            Output(name: "\($0.offset)", role: .result, value: $0.element.value)
        }
        let found = Interpreter(gradientGraph).run(inputs)
        var worst = 0.0
        for index in gradients.indices {
            let values = found["\(index)"]?.values ?? []
            let scale = max(values.map(abs).max() ?? 1, 1)
            // Every element of small tensors, evenly spaced ones of larger tensors.
            for element in stride(from: 0, to: values.count, by: max(values.count / 12, 1)) {
                let step = 1e-4
                func at(_ offset: Double) -> Double {
                    var moved = inputs
                    moved["in\(index)"]?.values[element] += offset
                    return interpreter.run(moved)["objective"]?.values[0] ?? .nan
                }
                // Fourth order: the error falls with the fourth power of the step.
                let slope =
                    (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
                let error = abs(slope - values[element]) / scale
                if !(error <= worst) { worst = error }
            }
        }
        return worst
    }
}
