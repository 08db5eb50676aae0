extension Passes {
    /// Fuses the gradient of a leaky ReLU into the convolution before it, whose result no other node reads. Runs after `fuse`,
    /// so that a gradient that is part of a longer pass over memory stays there.
    @Sendable package static func fuseGates(_ graph: Graph) throws -> Graph {
        let readers = graph.readers()
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() {
            let found = graph.gated(index, readers)
            try rewriter.copy(index, node, as: found?.operation, found?.inputs)
        }
        return rewriter.finish(graph)
    }
}

extension Graph {
    /// If the node is nothing but the gradient of a leaky ReLU at a convolution's result, all in float32: both as one operation,
    /// and its inputs.
    fileprivate func gated(
        _ index: Int, _ readers: [[Int]]
    ) -> (operation: Gated, inputs: [Value])? {
        let node = nodes[index]
        guard let fused = node.operation as? FusedElementwise, fused.instructions.count == 1,
            case .leakyReluGradient(let slope)? = fused.instructions[0].function
        else { return nil }
        let (made, gate) = (
            node.inputs[fused.instructions[0].arguments[0]],
            node.inputs[fused.instructions[0].arguments[1]]
        )
        let producer = nodes[made.node]
        guard let convolution = producer.operation as? Convolution,
            convolution.direction != .filterGradient, onlyReader(of: made, readers) == index,
            ([made] + producer.inputs).allSatisfy({ type(of: $0).dtype == .float32 }),
            [type(of: made), type(of: gate)] == [node.types[0], node.types[0]]
        else { return nil }
        return (Gated(convolution, slope: slope), producer.inputs + [gate])
    }
}
