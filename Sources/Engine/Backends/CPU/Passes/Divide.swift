extension Graph {
    /// The program of one rank of a step whose batch is divided among ranks: each has its share of the samples and of the
    /// random numbers, and sums over samples are summed over the ranks. Together they compute what this graph does, up
    /// to the order of sums.
    ///
    /// Inputs and random tensors whose first axis is the batch are divided; each operation says what follows from that
    /// (see ``Primitive/placed(_:_:among:)``). Throws if one of them needs the whole batch.
    package func divided(
        rank: Int, of ranks: Int, batch: Int
    ) throws -> Graph {
        guard batch % ranks == 0 else {
            throw GraphFault("a batch of \(batch) cannot be divided evenly among \(ranks) ranks")
        }
        var divider = Divider(rank: rank, ranks: ranks, batch: batch)
        let placed = try divider.add(self)
        let results = try outputs.map { output in
            let value = try divider.bring(
                placed[output.value.node][output.value.index], to: .everywhere)
            return Output(name: output.name, role: output.role, value: value)
        }
        var divided = divider.graph
        divided.outputs = results
        return try Passes.prune(Passes.prune(divided).mergingAllReduces())
    }
}

/// A tensor of the undivided graph, and its parts in the new one.
private final class Placed {
    let type: TensorType
    let placement: Placement
    let operation: any Primitive
    let inputs: [Placed]
    let scope: String
    /// This tensor in the new graph, by where it is.
    var values: [Placement: Value]

    init(
        _ type: TensorType, _ placement: Placement, _ value: Value, of operation: any Primitive,
        _ inputs: [Placed], _ scope: String
    ) {
        self.type = type
        self.placement = placement
        self.operation = operation
        self.inputs = inputs
        self.scope = scope
        values = [placement: value]
    }
}

private struct Divider {
    let rank, ranks, batch: Int
    private(set) var graph = Graph()

    init(rank: Int, ranks: Int, batch: Int) {
        (self.rank, self.ranks, self.batch) = (rank, ranks, batch)
    }

    /// Adds all nodes of `old`. Its inputs are those of `given`, or inputs of the new graph.
    mutating func add(_ old: Graph, given: [String: Placed] = [:]) throws -> [[Placed]] {
        var placed: [[Placed]] = []
        for node in old.nodes {
            if let input = node.operation as? Input, let known = given[input.label] {
                placed.append([known])
            } else {
                placed.append(try add(node, node.inputs.map { placed[$0.node][$0.index] }))
            }
        }
        return placed
    }

    private mutating func add(_ node: Node, _ inputs: [Placed]) throws -> [Placed] {
        if hasBatch(node), let share = share(of: node.operation, batches: 1) {
            // Random numbers read the key.
            let key = try inputs.map { try bring($0, to: .everywhere) }
            return try append(share, key, node, inputs, .divided(batches: 1))
        }
        let rule = node.operation.placed(
            inputs.map(\.placement), inputs.map(\.type), among: ranks)
        if let rule {
            var values: [Value] = []
            for (input, placement) in zip(inputs, rule.inputs) {
                values.append(try bring(input, to: placement))
            }
            return try append(rule.operation, values, node, inputs, rule.outputs)
        }
        guard let fused = node.operation as? any Fused else {
            throw GraphFault(
                "\(node.scope.isEmpty ? "" : "\(node.scope): ")\(node.operation.name) of \(inputs.map(\.type)) needs the whole batch: the step cannot be divided among ranks"
            )
        }
        return try addExpansion(fused, node, inputs)
    }

    private mutating func append(
        _ operation: any Primitive, _ values: [Value], _ node: Node, _ inputs: [Placed],
        _ placement: Placement
    ) throws -> [Placed] {
        let new = try graph.append(operation, values, scope: node.scope)
        return node.types.enumerated().map { index, type in
            Placed(
                type, placement, Value(node: new, index: index), of: node.operation, inputs,
                node.scope)
        }
    }

    private mutating func addExpansion(
        _ fused: any Fused, _ node: Node, _ inputs: [Placed]
    ) throws -> [Placed] {
        let builder = GraphBuilder()
        let symbols = inputs.enumerated().map { builder.feed("\($0.offset)", $0.element.type) }
        let outputs = builder.scoped(node.scope) { fused.expand(symbols) }
        let given = inputs.enumerated().map { ("\($0.offset)", $0.element) }
        let placed = try add(builder.graph, given: Dictionary(uniqueKeysWithValues: given))
        return outputs.map { placed[$0.value.node][$0.value.index] }
    }

    /// Whether the node is a feed or random numbers with a row for each sample.
    private func hasBatch(_ node: Node) -> Bool {
        let shape = node.types[0].shape
        guard shape.rank > 0, shape[0] == batch else { return false }
        if let input = node.operation as? Input {
            return input.role == .feed && input.label != "key"
        }
        return node.operation is Random
    }

    // MARK: From one placement to another

    /// The value of a tensor where it is wanted.
    mutating func bring(_ tensor: Placed, to wanted: Placement) throws -> Value {
        if let value = tensor.values[wanted] { return value }
        let value: Value
        switch (tensor.placement, wanted) {
        case (.summands, .everywhere):
            let parts = try bring(tensor, to: .summands)
            value = Value(
                node: try graph.append(AllReduce(among: ranks), [parts], scope: tensor.scope))
        case (.everywhere, .divided(let batches)), (.summands, .divided(let batches)):
            value = try share(of: tensor, batches: batches)
        case (.divided, .divided(let batches)) where tensor.operation is Random:
            value = try share(of: tensor, batches: batches)
        default:
            throw GraphFault(
                "\(tensor.scope.isEmpty ? "" : "\(tensor.scope): ")the whole batch of \(tensor.type) is needed: the step cannot be divided among ranks"
            )
        }
        tensor.values[wanted] = value
        return value
    }

    /// This rank's share of a feed, of random numbers or of a constant, which needs no other tensor than theirs.
    private func share(of operation: any Primitive, batches: Int) -> (any Primitive)? {
        switch operation {
        case let input as Input:
            return Input(
                label: input.label, role: input.role,
                type: TensorType(input.type.shape.share(among: ranks), input.type.dtype))
        case let random as Random where batches == 1:
            let shape = random.shape.share(among: ranks)
            // Blocks of random numbers have four elements.
            guard shape.count * rank % 4 == 0, shape.count % 4 == 0 else { return nil }
            return Random(
                random.distribution, shape, stream: random.stream, first: rank * shape.count)
        case let constant as Constant where constant.splat != nil:
            return Constant(constant.shape.share(among: ranks), values: constant.values)
        default: return nil
        }
    }

    /// This rank's share of a tensor: computed from shares of its inputs where that is possible, else cut out of the
    /// whole.
    private mutating func share(of tensor: Placed, batches: Int) throws -> Value {
        let shape = tensor.type.shape
        guard shape.rank > 0, shape[0] % (batches * ranks) == 0 else {
            throw GraphFault(
                "\(tensor.scope): \(tensor.type) cannot be divided evenly among \(ranks) ranks")
        }
        let wanted = Placement.divided(batches: batches)
        let share = shape.share(among: ranks)
        var inputs: [Value]?
        var operation = tensor.operation
        if let simple = self.share(of: operation, batches: batches) {
            operation = simple
            inputs = try tensor.inputs.map { try bring($0, to: .everywhere) }
        } else if operation is Broadcast, let input = tensor.inputs.first {
            operation = Broadcast(to: share)
            let leads = input.type.shape.rank == shape.rank && input.type.shape[0] == shape[0]
            inputs = [try bring(input, to: leads ? wanted : .everywhere)]
        } else if operation is Elementwise, tensor.placement == .everywhere {
            inputs = try tensor.inputs.map { try bring($0, to: wanted) }
        } else if let product = operation as? MatMul, !product.transposeA,
            tensor.placement == .everywhere
        {
            inputs = [
                try bring(tensor.inputs[0], to: wanted),
                try bring(tensor.inputs[1], to: .everywhere),
            ]
        }
        if let inputs {
            return Value(node: try graph.append(operation, inputs, scope: tensor.scope))
        }
        return try cut(tensor, batches: batches)
    }

    private mutating func cut(_ tensor: Placed, batches: Int) throws -> Value {
        let whole: Value
        if tensor.placement.isDivided {
            // Random numbers, of which another share was taken.
            let key = try tensor.inputs.map { try bring($0, to: .everywhere) }
            whole = Value(node: try graph.append(tensor.operation, key, scope: tensor.scope))
        } else {
            whole = try bring(tensor, to: .everywhere)
        }
        let shape = tensor.type.shape
        let rows = shape[0] / batches
        let ones = [Int](repeating: 1, count: shape.rank)
        var parts: [Value] = []
        for index in 0..<batches {
            let start = index * rows + rank * rows / ranks
            let slice = Slice(
                starts: [start] + ones.dropFirst().map { _ in 0 },
                ends: [start + rows / ranks] + shape.dimensions.dropFirst(), strides: ones)
            parts.append(Value(node: try graph.append(slice, [whole], scope: tensor.scope)))
        }
        if parts.count == 1 { return parts[0] }
        return Value(node: try graph.append(Concatenate(axis: 0), parts, scope: tensor.scope))
    }
}
