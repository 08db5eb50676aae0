extension Passes {
    /// Fuses a bias, and a leaky ReLU after it, into a product whose result no other node reads.
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
    /// If the node adds a bias [K] to the last axis of a product: the product, its inputs and the bias.
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

    /// The slope of the leaky ReLU that is the only reader of the biased product. A ReLU (slope 0) is not fused into a
    /// matrix product: oneDNN's ReLU turns NaN into 0, and NaN must stay visible.
    fileprivate func activation(of index: Int, _ readers: [[Int]]) -> Double? {
        guard let reader = onlyReader(of: Value(node: index), readers),
            let slope = (nodes[reader].operation as? Elementwise)?.leakySlope,
            slope > 0 || nodes[nodes[index].inputs[0].node].operation is Convolution
        else { return nil }
        return slope
    }
}
