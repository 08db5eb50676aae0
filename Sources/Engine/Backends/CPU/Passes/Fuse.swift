extension Passes {
    /// Fuses elementwise operations that feed each other into ``FusedElementwise`` nodes, with the
    /// constants, the broadcasts and the dropout masks that they read. A fused mask is generated where it is
    /// used, and never stored.
    @Sendable package static func fuse(_ graph: Graph) throws -> Graph {
        var groups = FusionGroups(graph)
        for (index, node) in graph.nodes.enumerated()
        where node.operation is Elementwise {
            for input in node.inputs { groups.tryMerge(producer: input.node, into: index) }
        }
        var emitted: Set<Int> = []
        var rewriter = Rewriter()
        // Depth first, because a group may read nodes that come after its first member.
        func emit(_ index: Int) throws {
            let group = groups.group(of: index)
            guard emitted.insert(group).inserted else { return }
            let members = groups.members[group]
            for member in members {
                for input in graph.nodes[member].inputs where groups.group(of: input.node) != group
                {
                    try emit(input.node)
                }
            }
            if graph.nodes[index].operation is Elementwise {
                try emitGroup(members, of: graph, into: &rewriter)
            } else {
                try rewriter.copy(index, graph.nodes[index])
            }
        }
        for index in graph.nodes.indices { try emit(index) }
        return rewriter.finish(graph)
    }

    /// Emits one fused node for `members`, which are in order.
    private static func emitGroup(
        _ members: [Int], of graph: Graph, into rewriter: inout Rewriter
    ) throws {
        let shape = graph.nodes[members[0]].types[0].shape
        let inside = Set(members)
        var constants: [Double] = []
        var randoms: [Random] = []
        var inputs: [Value] = []
        var key: Value?
        var columns: Int?
        /// The operand to read for `value`: nil for a constant or a mask, the input of a broadcast that the kernel can
        /// do itself, else `value`.
        func source(_ value: Value) -> Value? {
            let node = graph.nodes[value.node]
            if let splat = (node.operation as? Constant)?.splat {
                if !constants.contains(where: { $0.bitPattern == splat.bitPattern }) {
                    constants.append(splat)
                }
                return nil
            }
            if let random = node.operation as? Random, random.isMask(of: shape) {
                if !randoms.contains(random) { randoms.append(random) }
                key = node.inputs[0]
                return nil
            }
            guard node.operation is Broadcast,
                let pattern = OperandPattern.of(graph.type(of: node.inputs[0]).shape, in: shape),
                pattern.columns == nil || columns == nil || pattern.columns == columns
            else { return value }
            columns = columns ?? pattern.columns
            return node.inputs[0]
        }
        var sources: [Value: Value] = [:]
        for member in members {
            for input in graph.nodes[member].inputs where !inside.contains(input.node) {
                guard let found = source(input) else { continue }
                sources[input] = found
                if !inputs.contains(found) { inputs.append(found) }
            }
        }
        if inputs.isEmpty, let first = graph.nodes[members[0]].inputs.first {
            inputs = [first]
            sources[first] = first
        }
        var numbers: [Int: Int] = [:]
        var instructions = constants.map { FusedElementwise.Instruction(.constant($0)) }
        instructions += randoms.map { FusedElementwise.Instruction(.random($0)) }
        for member in members {
            let node = graph.nodes[member]
            guard let elementwise = node.operation as? Elementwise else { continue }
            let arguments = node.inputs.map { input -> Int in
                if let number = numbers[input.node] { return inputs.count + number }
                if let source = sources[input] { return inputs.firstIndex(of: source) ?? 0 }
                if let random = graph.nodes[input.node].operation as? Random {
                    return inputs.count + constants.count + (randoms.firstIndex(of: random) ?? 0)
                }
                let splat = (graph.nodes[input.node].operation as? Constant)?.splat ?? 0
                return inputs.count
                    + (constants.firstIndex { $0.bitPattern == splat.bitPattern } ?? 0)
            }
            numbers[member] = instructions.count
            instructions.append(
                .init(.function(elementwise.function), arguments, type: node.types[0].dtype))
        }
        let read = Set(
            graph.nodes.enumerated().filter { !inside.contains($0.offset) }
                .flatMap { $0.element.inputs.map(\.node) } + graph.outputs.map(\.value.node))
        let handedOut = members.filter { read.contains($0) }
        let fused = FusedElementwise(
            shape: shape, inputCount: inputs.count, instructions: instructions,
            outputs: handedOut.compactMap { numbers[$0] })
        let node = try rewriter.append(
            fused, (inputs + (key.map { [$0] } ?? [])).map { rewriter($0) },
            scope: graph.nodes[members[members.count - 1]].scope
        )
        for (index, member) in handedOut.enumerated() {
            rewriter.replace(Value(node: member), with: Value(node: node, index: index))
        }
    }
}

extension Random {
    /// Whether it is a dropout mask for an operation over `shape`.
    fileprivate func isMask(of shape: Shape) -> Bool {
        if case .bernoulli = distribution { self.shape == shape } else { false }
    }
}

/// Groups of elementwise nodes to fuse. At first every node is a group of its own.
private struct FusionGroups {
    private let graph: Graph
    private var parent: [Int]
    private(set) var members: [[Int]]

    init(_ graph: Graph) {
        self.graph = graph
        parent = Array(graph.nodes.indices)
        members = graph.nodes.indices.map { [$0] }
    }

    func group(of node: Int) -> Int {
        var node = node
        while parent[node] != node { node = parent[node] }
        return node
    }

    /// Merges the groups of two nodes if they have the same shape, are small enough together, and no path
    /// leads from one to the other through a third group.
    mutating func tryMerge(producer: Int, into consumer: Int) {
        let (a, b) = (group(of: producer), group(of: consumer))
        guard a != b, graph.nodes[producer].operation is Elementwise,
            graph.nodes[producer].types[0].shape == graph.nodes[consumer].types[0].shape,
            members[a].count + members[b].count <= 16, !pathThroughOthers(from: a, to: b)
        else { return }
        parent[a] = b
        members[b] = (members[a] + members[b]).sorted()
        members[a] = []
    }

    private func pathThroughOthers(from source: Int, to target: Int) -> Bool {
        var seen: Set<Int> = [target]
        var stack: [Int] = []
        func visit(_ group: Int, direct: Bool) {
            for member in members[group] {
                for input in graph.nodes[member].inputs {
                    let next = self.group(of: input.node)
                    if direct && next == source { continue }
                    if seen.insert(next).inserted { stack.append(next) }
                }
            }
        }
        visit(target, direct: true)
        while let group = stack.popLast() {
            if group == source { return true }
            visit(group, direct: false)
        }
        return false
    }
}
