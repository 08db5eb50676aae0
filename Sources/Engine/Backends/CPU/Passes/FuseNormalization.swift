extension Passes {
    /// Puts a leaky ReLU behind a batch normalization into it, and its gradient into the normalization's, which knows
    /// the sign again from x: one pass over memory instead of two each way, and no mask kept between.
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
    /// Of a leaky ReLU.
    var leakySlope: Double? {
        if case .leakyRelu(let slope) = function { slope } else { nil }
    }
}

extension Graph {
    /// The slope of the leaky ReLU that alone reads what the normalization `index` makes of x.
    fileprivate func activation(behind index: Int, _ readers: [[Int]]) -> Double? {
        guard (nodes[index].operation as? BatchNormTraining)?.slope == 1,
            let reader = onlyReader(of: Value(node: index), readers)
        else { return nil }
        return (nodes[reader].operation as? Elementwise)?.leakySlope
    }

    /// What comes into the gradient of a leaky ReLU that lies between it and the normalization's gradient `index`,
    /// read by nobody else, and the slope.
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
