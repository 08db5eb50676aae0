extension Passes {
    /// Stores activations and the operands of products in bf16 (Micikevicius et al., "Mixed precision training", 2018;
    /// bf16 has the range of f32, so losses need no scaling).
    ///
    /// Runs after `fuse`: values inside a fused operation are never stored, and so are not rounded. Where an update stores a
    /// weight, it also stores the weight's copy in bf16, which the next run reads.
    @Sendable package static func lowerPrecision(_ graph: Graph) throws -> Graph {
        var lowering = LoweringPass(graph)
        for (index, node) in graph.nodes.enumerated() { try lowering.visit(index, node) }
        var lowered = lowering.rewriter.finish(graph)
        lowered.outputs += lowering.newCopies(lowered.outputs)
        return lowered
    }
}

private struct LoweringPass {
    let graph: Graph
    /// Values that must stay in f32, because an optimizer, a loss or the caller reads them.
    let float32: Set<Value>
    /// Values that are operands of products.
    let operands: Set<Value>
    /// The new values of states that products read.
    let copied: Set<Value>
    /// The new values of states, by name.
    let updated: [String: Value]
    var rewriter = Rewriter()
    /// bf16 and f32 copies of values of the new graph.
    var copies: [TypedValue: Value] = [:]

    struct TypedValue: Hashable {
        let value: Value
        let dtype: DType
    }

    init(_ graph: Graph) {
        self.graph = graph
        float32 = graph.valuesKeptInFloat32()
        let operands = Set(graph.nodes.flatMap(\.multiplied).map(graph.storage(of:)))
        self.operands = operands
        let states = graph.outputs.filter { $0.role == .state }
        let updated = Dictionary(uniqueKeysWithValues: states.map { ($0.name, $0.value) })
        self.updated = updated
        let read = graph.inputs.filter { operands.contains(Value(node: $0.node)) }
        copied = Set(read.filter { $0.input.role == .state }.compactMap { updated[$0.input.label] })
    }

    mutating func visit(_ index: Int, _ node: Node) throws {
        let inputs = node.inputs.map { rewriter($0) }
        let made = Value(node: index)
        switch node.operation.storage {
        case .product(let rounded, let mayStoreBFloat16, let storing):
            try emit(
                index, node, storing(mayStoreBFloat16 ? storage(of: made) : .float32),
                try inputs.enumerated().map { place, value in
                    try copy(value, place < rounded ? .bfloat16 : .float32)
                })
        case .elementwise(let shape, let rounding):
            let places = roundedOutputs(shape, index, node, inputs)
            try emit(index, node, places.isEmpty ? node.operation : rounding(places), inputs)
        case .normalization(let images):
            let isBFloat16 =
                inputs.prefix(images).contains { dtype($0) == .bfloat16 } && !isFloat32(made)
            try emit(
                index, node, node.operation,
                try inputs.enumerated().map { place, value in
                    try copy(value, place < images && isBFloat16 ? .bfloat16 : .float32)
                })
        case .movement:
            let isBFloat16 = inputs.contains { dtype($0) == .bfloat16 } && !isFloat32(made)
            let same = inputs.allSatisfy { dtype($0).isFloat } && !inputs.isEmpty
            try emit(
                index, node, node.operation,
                same ? try inputs.map { try copy($0, isBFloat16 ? .bfloat16 : .float32) } : inputs)
        case .reduction(readsBFloat16: true): try emit(index, node, node.operation, inputs)
        case .update(let place, let emitting)
        where operands.contains(made) || copied.contains(made):
            // A product in this run or in the next one reads the new weight: the update also stores it rounded.
            try emit(index, node, emitting(), inputs)
            let new = rewriter(made)
            copies[TypedValue(value: new, dtype: .bfloat16)] = Value(node: new.node, index: place)
        case .reduction, .update, .float32:
            try emit(
                index, node, node.operation,
                try zip(inputs, node.inputs).map { value, old in
                    try graph.type(of: old).dtype == .float32 ? copy(value, .float32) : value
                })
        }
    }

    private func dtype(_ value: Value) -> DType { rewriter.graph.type(of: value).dtype }

    private func isFloat32(_ value: Value) -> Bool { float32.contains(graph.storage(of: value)) }

    /// The storage type of a product's result. Few columns mean logits or pixels: f32 costs nothing there.
    private func storage(of value: Value) -> DType {
        isFloat32(value) || hasFewColumns(graph.type(of: value).shape) ? .float32 : .bfloat16
    }

    private func hasFewColumns(_ shape: Shape) -> Bool { (shape.dimensions.last ?? 1) <= 4 }

    /// The large outputs of an elementwise operation that a product reads, or that come from a bf16 input.
    private func roundedOutputs(
        _ shape: Shape, _ index: Int, _ node: Node, _ inputs: [Value]
    ) -> Set<Int> {
        if hasFewColumns(shape) { return [] }
        let readsBFloat16 = inputs.contains {
            dtype($0) == .bfloat16 && rewriter.graph.type(of: $0).shape.count == shape.count
        }
        return Set(
            node.types.indices.filter { place in
                let value = Value(node: index, index: place)
                return node.types[place].dtype == .float32 && !isFloat32(value)
                    && (operands.contains(value) || readsBFloat16)
            })
    }

    private mutating func emit(
        _ index: Int, _ node: Node, _ operation: any Primitive, _ inputs: [Value]
    ) throws {
        try rewriter.append(operation, inputs, replacing: index, node)
    }

    /// `value` of the new graph in another type. Each conversion is emitted once.
    private mutating func copy(_ value: Value, _ dtype: DType) throws -> Value {
        guard self.dtype(value) != dtype else { return value }
        let key = TypedValue(value: value, dtype: dtype)
        if let known = copies[key] { return known }
        let scope = rewriter.graph.nodes[value.node].scope
        let node =
            if dtype == .bfloat16, let copy = storedCopy(of: value) {
                try rewriter.append(copy, [], scope: scope)
            } else {
                try rewriter.append(Elementwise(.cast(dtype)), [value], scope: scope)
            }
        copies[key] = Value(node: node)
        return Value(node: node)
    }

    // MARK: Copies of states

    /// The copy of a state that is stored beside it. Nil if the graph changes the state by something else than an update,
    /// and so does not store the copy.
    private func storedCopy(of value: Value) -> Input? {
        guard let state = rewriter.graph.nodes[value.node].operation as? Input, state.role == .state
        else { return nil }
        if let new = updated[state.label] {
            guard case .update = graph.nodes[new.node].operation.storage, new.index == 0 else {
                return nil
            }
        }
        return Input(
            label: state.label, role: .rounded, type: TensorType(state.type.shape, .bfloat16))
    }

    /// The new copies of the states among `outputs` whose old ones are read.
    func newCopies(_ outputs: [Output]) -> [Output] {
        let read = Set(
            rewriter.graph.inputs.filter { $0.input.role == .rounded }.map(\.input.label))
        return outputs.compactMap { output in
            guard output.role == .state, read.contains(output.name),
                let copy = copies[TypedValue(value: output.value, dtype: .bfloat16)]
            else { return nil }
            return Output(name: output.name, role: .rounded, value: copy)
        }
    }
}

extension Node {
    /// The inputs that it multiplies in bf16, but not a convolution's filter, which the kernel rounds.
    fileprivate var multiplied: [Value] {
        if case .product(let rounded, _, _) = operation.storage {
            Array(inputs.prefix(rounded))
        } else {
            []
        }
    }
}

extension Graph {
    /// Values that must stay in f32 because of a reader: an output, an optimizer, or an elementwise or data movement
    /// operation that passes the value on to one of those.
    fileprivate func valuesKeptInFloat32() -> Set<Value> {
        var float32 = Set(outputs.map { storage(of: $0.value) })
        for (index, node) in nodes.enumerated().reversed() {
            let hasFloat32Output = node.types.indices.contains {
                float32.contains(storage(of: Value(node: index, index: $0)))
            }
            switch node.operation.storage {
            case .product, .reduction, .normalization: continue
            case .elementwise, .movement:
                if hasFloat32Output { float32.formUnion(node.inputs.map(storage(of:))) }
            case .float32, .update: float32.formUnion(node.inputs.map(storage(of:)))
            }
        }
        return float32
    }
}
