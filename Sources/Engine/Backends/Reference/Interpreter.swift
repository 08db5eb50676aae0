/// Runs a graph node by node in double precision. It is the reference for compiled programs.
package struct Interpreter {
    package let graph: Graph
    package init(_ graph: Graph) { self.graph = graph }

    /// - Parameter inputs: states and feeds by name.
    /// - Returns: results and updated states by name.
    package func run(_ inputs: [String: ReferenceTensor]) -> [String: ReferenceTensor] {
        let values = values { input in
            guard let given = inputs[input.label] else {
                misuse("the input \(input.label) has no value")
            }
            if given.type != input.type {
                misuse("the input \(input.label) is \(given.type), not \(input.type)")
            }
            return given
        }
        var results: [String: ReferenceTensor] = [:]
        for output in graph.outputs {
            results[output.name] = values[output.value.node][output.value.index]
        }
        return results
    }

    /// Runs the graphs of all ranks together; see ``Graph/divided(rank:of:batch:)``.
    ///
    /// - Parameter inputs: those of each rank.
    /// - Returns: the results and updated states of each rank.
    package static func run(
        ranks graphs: [Graph], _ inputs: [[String: ReferenceTensor]]
    ) -> [[String: ReferenceTensor]] {
        var values = [[[ReferenceTensor]]](repeating: [], count: graphs.count)
        for (index, node) in graphs[0].nodes.enumerated() {
            let given = graphs.indices.map { rank in
                graphs[rank].nodes[index].inputs.map { values[rank][$0.node][$0.index] }
            }
            let sums = node.operation is AllReduce ? AllReduce.sums(given) : nil
            for rank in graphs.indices {
                let operation = graphs[rank].nodes[index].operation
                if let input = operation as? Input {
                    guard let tensor = inputs[rank][input.label] else {
                        misuse("the input \(input.label) has no value")
                    }
                    values[rank].append([tensor])
                } else {
                    values[rank].append(sums ?? operation.evaluate(given[rank]))
                }
            }
        }
        return graphs.indices.map { rank in
            Dictionary(
                uniqueKeysWithValues: graphs[rank].outputs.map {
                    ($0.name, values[rank][$0.value.node][$0.value.index])
                })
        }
    }

    /// The values of every node, in order.
    ///
    /// - Parameters:
    ///   - given: the values of a state or feed.
    ///   - didEvaluate: called with the index of each node after its evaluation.
    func values(
        _ given: (Input) -> ReferenceTensor, didEvaluate: (Int) -> Void = { _ in }
    ) -> [[ReferenceTensor]] {
        var values: [[ReferenceTensor]] = []
        values.reserveCapacity(graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            if let input = node.operation as? Input {
                values.append([given(input)])
            } else {
                let made = node.operation.evaluate(node.inputs.map { values[$0.node][$0.index] })
                values.append(zip(made, node.types).map { $0.stored(as: $1) })
            }
            didEvaluate(index)
        }
        return values
    }
}

extension ReferenceTensor {
    /// The values after rounding to the storage type.
    fileprivate func stored(as type: TensorType) -> ReferenceTensor {
        guard type.dtype == .bfloat16 else { return self }
        return ReferenceTensor(type, values.map(type.dtype.rounded))
    }
}

extension Fused {
    /// Evaluates the composition that defines this operation.
    package func evaluateExpansion(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let builder = GraphBuilder()
        let symbols = inputs.enumerated().map { builder.feed("\($0.offset)", $0.element.type) }
        let outputs = expand(symbols)
        for (index, output) in outputs.enumerated() { builder.result("out \(index)", output) }
        let given = inputs.enumerated().map { ("\($0.offset)", $0.element) }
        let results = Interpreter(builder.graph).run(Dictionary(uniqueKeysWithValues: given))
        return outputs.indices.compactMap { results["out \($0)"] }
    }
}
