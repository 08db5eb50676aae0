/// Runs a graph node by node in double precision. It is the reference for compiled programs.
package struct Interpreter {
    package let graph: Graph
    package init(_ graph: Graph) { self.graph = graph }

    /// - Parameter inputs: states and feeds by name.
    /// - Returns: results and updated states by name.
    package func run(_ inputs: [String: ReferenceTensor]) -> [String: ReferenceTensor] {
        Interpreter.results(of: graph, values { $0.value(in: inputs) })
    }

    private static func results(
        of graph: Graph, _ values: [[ReferenceTensor]]
    ) -> [String: ReferenceTensor] {
        var results: [String: ReferenceTensor] = [:]
        for output in graph.outputs where output.role != .rounded {
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
                let node = graphs[rank].nodes[index]
                if let input = node.operation as? Input {
                    values[rank].append([input.value(in: inputs[rank])])
                } else {
                    values[rank].append(sums ?? node.evaluated(given[rank]))
                }
            }
        }
        return graphs.indices.map { results(of: graphs[$0], values[$0]) }
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
                values.append([given(input).stored(as: input.type)])
            } else {
                values.append(node.evaluated(node.inputs.map { values[$0.node][$0.index] }))
            }
            didEvaluate(index)
        }
        return values
    }
}

extension Input {
    /// Its value among those given by name.
    fileprivate func value(in given: [String: ReferenceTensor]) -> ReferenceTensor {
        guard let value = given[label] else { misuse("the input \(label) has no value") }
        let expected = role == .rounded ? TensorType(type.shape) : type
        if value.type != expected { misuse("the input \(label) is \(value.type), not \(expected)") }
        return value.stored(as: type)
    }
}

extension Node {
    /// Its outputs as they are stored.
    fileprivate func evaluated(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        zip(operation.evaluate(inputs), types).map { $0.stored(as: $1) }
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
    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let builder = GraphBuilder()
        let symbols = inputs.enumerated().map { builder.feed("\($0.offset)", $0.element.type) }
        let outputs = expand(symbols)
        for (index, output) in outputs.enumerated() { builder.result("out \(index)", output) }
        let given = inputs.enumerated().map { ("\($0.offset)", $0.element) }
        let results = Interpreter(builder.graph).run(Dictionary(uniqueKeysWithValues: given))
        return outputs.indices.compactMap { results["out \($0)"] }
    }
}
