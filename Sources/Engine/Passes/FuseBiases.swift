extension Passes {
    /// Puts a bias, and a leaky ReLU behind it, into the convolution whose result nobody else reads.
    @Sendable package static func fuseConvolutions(_ graph: Graph) throws -> Graph {
        let readers = graph.readers()
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() {
            if let (convolution, bias) = graph.biased(index, readers) {
                let activation = graph.onlyReader(of: index, readers).flatMap {
                    (graph.nodes[$0].operation as? Elementwise)?.leakySlope
                }
                let fused = BiasedConvolution(convolution.operation, slope: activation ?? 1)
                try rewriter.copy(index, node, as: fused, convolution.inputs + [bias])
            } else if let input = node.inputs.first, graph.biased(input.node, readers) != nil,
                (node.operation as? Elementwise)?.leakySlope != nil,
                graph.onlyReader(of: input.node, readers) == index
            {
                rewriter.replace(Value(node: index), with: rewriter(input))
            } else {
                try rewriter.copy(index, node)
            }
        }
        return rewriter.finish(graph)
    }
}

extension Graph {
    /// The convolution and the bias [K] of its channels that the node adds, if that is what it does.
    fileprivate func biased(
        _ index: Int, _ readers: [[Int]]
    ) -> (convolution: (operation: Convolution, inputs: [Value]), bias: Value)? {
        let node = nodes[index]
        guard (node.operation as? Elementwise)?.function == .add else { return nil }
        let (made, added) = (nodes[node.inputs[0].node], nodes[node.inputs[1].node])
        guard let convolution = made.operation as? Convolution, convolution.face == .forward,
            onlyReader(of: node.inputs[0].node, readers) == index, added.operation is Broadcast,
            type(of: added.inputs[0]).shape == [made.types[0].shape[3]]
        else { return nil }
        return ((convolution, made.inputs), added.inputs[0])
    }

    /// The node that alone reads the value of `index`, which is no output.
    fileprivate func onlyReader(of index: Int, _ readers: [[Int]]) -> Int? {
        guard readers[index].count == 1, !outputs.contains(where: { $0.value.node == index }) else {
            return nil
        }
        return readers[index][0]
    }
}
