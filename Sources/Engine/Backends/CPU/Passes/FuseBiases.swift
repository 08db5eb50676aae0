extension Passes {
    /// Puts a bias, and a leaky ReLU behind it, into the product whose result nobody else reads.
    @Sendable package static func fuseBiases(_ graph: Graph) throws -> Graph {
        let readers = graph.readers()
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() {
            if let found = graph.biased(index, readers) {
                let fused = found.product.biased(slope: graph.activation(of: index, readers) ?? 1)
                try rewriter.copy(index, node, as: fused, found.inputs + [found.bias])
            } else if let input = node.inputs.first, graph.biased(input.node, readers) != nil,
                graph.activation(of: input.node, readers) != nil
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
    /// The product and the bias [K] of its columns or channels that the node adds, if that is what it does.
    fileprivate func biased(
        _ index: Int, _ readers: [[Int]]
    ) -> (product: any BiasableProduct, inputs: [Value], bias: Value)? {
        let node = nodes[index]
        guard (node.operation as? Elementwise)?.function == .add else { return nil }
        let (made, added) = (nodes[node.inputs[0].node], nodes[node.inputs[1].node])
        guard let product = made.operation as? any BiasableProduct,
            onlyReader(of: node.inputs[0], readers) == index, added.operation is Broadcast,
            type(of: added.inputs[0]).shape == [made.types[0].shape.dimensions.last ?? 0]
        else { return nil }
        if let convolution = product as? Convolution, convolution.direction != .forward {
            return nil
        }
        return (product, made.inputs, added.inputs[0])
    }

    /// The slope of the leaky ReLU that alone reads the biased product. A ReLU stays by itself behind a product of
    /// oneDNN, whose own makes 0 of NaN: numbers that are not finite must be seen.
    fileprivate func activation(of index: Int, _ readers: [[Int]]) -> Double? {
        guard let reader = onlyReader(of: Value(node: index), readers),
            let slope = (nodes[reader].operation as? Elementwise)?.leakySlope,
            slope > 0 || nodes[nodes[index].inputs[0].node].operation is Convolution
        else { return nil }
        return slope
    }
}
