extension Passes {
    /// Fuses a leaky ReLU after a batch normalization into it, and its gradient into the normalization's, which
    /// recomputes the sign from x. Forward and backward take one pass over memory instead of two, and no mask is kept.
    @Sendable package static func fuseNormalization(_ graph: Graph) throws -> Graph {
        let readers = graph.readers()
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() {
            if let norm = node.operation as? BatchNormTraining,
                let slope = graph.activation(behind: index, readers)
            {
                try rewriter.copy(
                    index, node, as: BatchNormTraining(epsilon: norm.epsilon, slope: slope))
            } else if let norm = node.inputs.first, norm.index == 0,
                graph.activation(behind: norm.node, readers) != nil,
                graph.nodes[norm.node].operation is BatchNormTraining,
                (node.operation as? Elementwise)?.leakySlope != nil
            {
                rewriter.replace(Value(node: index), with: rewriter(norm))
            } else if let gradient = node.operation as? BatchNormGradient,
                let (dy, slope) = graph.activationGradient(before: index, readers)
            {
                try rewriter.copy(
                    index, node, as: BatchNormGradient(epsilon: gradient.epsilon, slope: slope),
                    [dy] + node.inputs.dropFirst())
            } else {
                try rewriter.copy(index, node)
            }
        }
        return rewriter.finish(graph)
    }
}

extension Elementwise {
    /// The slope, if this is a leaky ReLU.
    var leakySlope: Double? {
        if case .leakyRelu(let slope) = function { slope } else { nil }
    }
}

extension Graph {
    /// The slope of the leaky ReLU that is the only reader of the normalization `index`'s output y.
    fileprivate func activation(behind index: Int, _ readers: [[Int]]) -> Double? {
        guard (nodes[index].operation as? BatchNormTraining)?.slope == 1,
            let reader = onlyReader(of: Value(node: index), readers)
        else { return nil }
        return (nodes[reader].operation as? Elementwise)?.leakySlope
    }

    /// If only the normalization's gradient `index` reads the gradient of the leaky ReLU after that normalization: the
    /// cotangent of the leaky ReLU, and its slope.
    fileprivate func activationGradient(
        before index: Int, _ readers: [[Int]]
    ) -> (Value, Double)? {
        let (gradient, dy) = (nodes[index], nodes[index].inputs[0])
        guard (gradient.operation as? BatchNormGradient)?.slope == 1,
            onlyReader(of: dy, readers) == index,
            case .leakyReluGradient(let slope) = (nodes[dy.node].operation as? Elementwise)?
                .function
        else { return nil }
        let activation = nodes[nodes[dy.node].inputs[1].node]
        guard (activation.operation as? Elementwise)?.leakySlope == slope else { return nil }
        let y = activation.inputs[0]
        let statistics = [Value(node: y.node, index: 1), Value(node: y.node, index: 2)]
        guard nodes[y.node].operation is BatchNormTraining, y.index == 0,
            Array(gradient.inputs.dropFirst()) == nodes[y.node].inputs + statistics
        else { return nil }
        return (nodes[dy.node].inputs[0], slope)
    }
}
