extension Passes {
    /// Removes every node that no output depends on.
    @Sendable package static func prune(_ graph: Graph) throws -> Graph {
        var live = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { live[output.value.node] = true }
        for index in graph.nodes.indices.reversed() where live[index] {
            for input in graph.nodes[index].inputs { live[input.node] = true }
        }
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() where live[index] {
            try rewriter.copy(index, node)
        }
        return rewriter.finish(graph)
    }
}
