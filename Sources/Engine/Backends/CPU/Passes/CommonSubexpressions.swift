extension Passes {
    /// Computes equal operations on equal inputs once.
    @Sendable package static func mergeCommonSubexpressions(_ graph: Graph) throws -> Graph {
        struct Key: Hashable {
            let operation: AnyHashable
            let inputs: [Value]
        }
        var known: [Key: Int] = [:]
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() {
            let inputs = node.inputs.map { rewriter($0) }
            let key = Key(operation: AnyHashable(node.operation), inputs: inputs)
            if let same = known[key] {
                for output in node.types.indices {
                    rewriter.replace(
                        Value(node: index, index: output), with: Value(node: same, index: output))
                }
            } else {
                known[key] = rewriter.graph.nodes.count
                try rewriter.copy(index, node)
            }
        }
        return rewriter.finish(graph)
    }
}
