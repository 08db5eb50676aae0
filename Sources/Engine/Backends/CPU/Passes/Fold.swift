extension Passes {
    /// Folds constants, and removes operations that have no effect.
    @Sendable package static func fold(_ graph: Graph) throws -> Graph {
        var rewriter = Rewriter()
        for (index, node) in graph.nodes.enumerated() {
            let inputs = node.inputs.map { rewriter($0) }
            let value = Value(node: index)
            if let constant = foldedConstant(node, inputs.map { rewriter.graph.nodes[$0.node] }) {
                let new = try rewriter.append(constant, [], scope: node.scope)
                rewriter.replace(value, with: Value(node: new))
            } else if let same = unchanged(node, inputs, in: rewriter.graph) {
                rewriter.replace(value, with: same)
            } else {
                try rewriter.copy(index, node)
            }
        }
        return rewriter.finish(graph)
    }

    /// The constant result of a node whose inputs are splat constants.
    private static func foldedConstant(_ node: Node, _ inputs: [Node]) -> Constant? {
        let splats = inputs.compactMap { ($0.operation as? Constant)?.splat }
        guard !inputs.isEmpty, splats.count == inputs.count, node.types[0].dtype == .float32
        else { return nil }
        let shape = node.types[0].shape
        switch node.operation {
        case let elementwise as Elementwise:
            let x = splats[0]
            let y = splats.count > 1 ? splats[1] : x
            let z = splats.count > 2 ? splats[2] : x
            return Constant(shape, values: [elementwise.function.evaluate(x, y, z)])
        case is Broadcast, is Reshape, is Transpose:
            return Constant(shape, values: splats)
        default: return nil
        }
    }

    /// The input that a node returns unchanged: x + 0, x * 1, a reshape to the same shape, ...
    private static func unchanged(_ node: Node, _ inputs: [Value], in graph: Graph) -> Value? {
        func splat(_ index: Int) -> Double? {
            (graph.nodes[inputs[index].node].operation as? Constant)?.splat
        }
        switch node.operation {
        case let elementwise as Elementwise:
            switch elementwise.function {
            case .add: return splat(1) == 0 ? inputs[0] : splat(0) == 0 ? inputs[1] : nil
            case .multiply: return splat(1) == 1 ? inputs[0] : splat(0) == 1 ? inputs[1] : nil
            case .subtract: return splat(1) == 0 ? inputs[0] : nil
            case .divide: return splat(1) == 1 ? inputs[0] : nil
            case .stopGradient: return inputs[0]
            case .cast(let dtype): return graph.type(of: inputs[0]).dtype == dtype ? inputs[0] : nil
            default: return nil
            }
        case is Broadcast, is Reshape:
            return graph.type(of: inputs[0]) == node.types[0] ? inputs[0] : nil
        case let transpose as Transpose:
            return transpose.permutation == transpose.permutation.sorted() ? inputs[0] : nil
        default: return nil
        }
    }
}
