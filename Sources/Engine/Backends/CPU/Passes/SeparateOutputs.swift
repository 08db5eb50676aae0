extension Passes {
    /// Copies states that are themselves outputs, so that an update of the state in the same run does not
    /// change the output.
    @Sendable package static func separateOutputs(_ graph: Graph) throws -> Graph {
        var graph = graph
        for (index, output) in graph.outputs.enumerated() {
            let storage = graph.storage(of: output.value)
            guard let input = graph.nodes[storage.node].operation as? Input, input.role == .state
            else {
                continue
            }
            let copy = try graph.append(
                Elementwise(.copy), [output.value], scope: graph.nodes[output.value.node].scope)
            graph.outputs[index] = Output(
                name: output.name, role: output.role, value: Value(node: copy))
        }
        return graph
    }
}
