extension Graph {
    /// Sums that do not depend on each other become one message.
    func mergingAllReduces() throws -> Graph {
        // The number of messages before each node, on the longest path.
        var levels: [Int] = []
        for node in nodes {
            levels.append(
                node.inputs.map {
                    levels[$0.node] + (nodes[$0.node].operation is AllReduce ? 1 : 0)
                }
                .max() ?? 0)
        }
        var rewriter = Rewriter()
        for level in 0...(levels.max() ?? 0) {
            let current = nodes.indices.filter { levels[$0] == level }
            for index in current where !(nodes[index].operation is AllReduce) {
                try rewriter.copy(index, nodes[index])
            }
            let messages = current.filter { nodes[$0].operation is AllReduce }
            guard let first = messages.first else { continue }
            let inputs = messages.flatMap { nodes[$0].inputs }
            let merged = try rewriter.append(
                nodes[first].operation, inputs.map { rewriter($0) }, scope: "")
            var place = 0
            for message in messages {
                for output in nodes[message].types.indices {
                    rewriter.replace(
                        Value(node: message, index: output), with: Value(node: merged, index: place)
                    )
                    place += 1
                }
            }
        }
        return rewriter.finish(self)
    }
}
