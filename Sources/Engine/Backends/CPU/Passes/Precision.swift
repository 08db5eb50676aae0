extension Passes {
    /// Stores activations and the operands of products in bf16 (Micikevicius et al., "Mixed precision training", 2018;
    /// bf16 has the range of f32, so losses need no scaling).
    ///
    /// Runs after `fuse`: values inside a fused operation are never stored, and so are not rounded.
    @Sendable package static func lowerPrecision(_ graph: Graph) throws -> Graph {
        var lowering = LoweringPass(graph)
        for (index, node) in graph.nodes.enumerated() { try lowering.visit(index, node) }
        return lowering.rewriter.finish(graph)
    }
}

private struct LoweringPass {
    let graph: Graph
    /// Values that must stay in f32, because an optimizer, a loss or the caller reads them.
    let float32: Set<Value>
    /// Values that are operands of products.
    let operands: Set<Value>
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
        operands = Set(graph.nodes.flatMap(\.multiplied).map(graph.storage(of:)))
    }

    mutating func visit(_ index: Int, _ node: Node) throws {
        let inputs = node.inputs.map { rewriter($0) }
        let made = Value(node: index)
        switch node.operation {
        case let matmul as MatMul:
            try emit(
                index, node, matmul.storing(as: storage(of: made)),
                try inputs.map { try copy($0, .bfloat16) })
        case let convolution as Convolution:
            let result = convolution.direction == .filterGradient ? .float32 : storage(of: made)
            // Filters stay in f32: the kernel rounds them while it changes their layout.
            let images = convolution.direction == .filterGradient ? 2 : 1
            try emit(
                index, node, convolution.storing(as: result),
                try inputs.enumerated().map { place, value in
                    try copy(value, place < images ? .bfloat16 : .float32)
                })
        case let biased as Biased<Convolution>:
            try emit(
                index, node,
                biased.product.storing(as: storage(of: made)).biased(slope: biased.slope),
                [try copy(inputs[0], .bfloat16)]
                    + (try inputs.dropFirst().map { try copy($0, .float32) }))
        case let biased as Biased<MatMul>:
            try emit(
                index, node,
                biased.product.storing(as: storage(of: made)).biased(slope: biased.slope),
                try inputs.prefix(2).map { try copy($0, .bfloat16) } + [copy(inputs[2], .float32)])
        case let fused as FusedElementwise:
            try emit(index, node, withBFloat16Outputs(fused, index, node, inputs), inputs)
        case is BatchNormTraining, is BatchNormGradient:
            let images = node.operation is BatchNormTraining ? 1 : 2
            let isBFloat16 =
                inputs.prefix(images).contains { dtype($0) == .bfloat16 } && !isFloat32(made)
            try emit(
                index, node, node.operation,
                try inputs.enumerated().map { place, value in
                    try copy(value, place < images && isBFloat16 ? .bfloat16 : .float32)
                })
        case is Concatenate, is Slice, is Pad, is Transpose, is Broadcast, is Reshape:
            let isBFloat16 = inputs.contains { dtype($0) == .bfloat16 } && !isFloat32(made)
            let same = inputs.allSatisfy { dtype($0).isFloat } && !inputs.isEmpty
            try emit(
                index, node, node.operation,
                same ? try inputs.map { try copy($0, isBFloat16 ? .bfloat16 : .float32) } : inputs)
        case let reduce as Reduce where reduce.kind == .sum:
            try emit(index, node, reduce, inputs)
        case let adam as AdamUpdate where operands.contains(made):
            // A product in the same step reads the new weight: the update also stores it rounded.
            let update = AdamUpdate(
                beta1: adam.beta1, beta2: adam.beta2, epsilon: adam.epsilon, emitsBFloat16: true)
            try emit(index, node, update, inputs)
            let new = rewriter(made)
            copies[TypedValue(value: new, dtype: .bfloat16)] = Value(node: new.node, index: 3)
        default:
            // All other operations keep their input and output types.
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

    /// The fused operation with its large outputs rounded to bf16.
    private func withBFloat16Outputs(
        _ fused: FusedElementwise, _ index: Int, _ node: Node, _ inputs: [Value]
    ) -> FusedElementwise {
        let readsBFloat16 = inputs.contains {
            dtype($0) == .bfloat16 && rewriter.graph.type(of: $0).shape.count == fused.shape.count
        }
        var instructions = fused.instructions
        let outputs = fused.outputs.enumerated().map { place, output in
            let value = Value(node: index, index: place)
            guard node.types[place].dtype == .float32, !isFloat32(value),
                operands.contains(value) || readsBFloat16, !hasFewColumns(fused.shape)
            else { return output }
            instructions.append(
                .init(.function(.cast(.bfloat16)), [fused.inputCount + output], type: .bfloat16))
            return instructions.count - 1
        }
        return FusedElementwise(
            shape: fused.shape, inputCount: fused.inputCount, instructions: instructions,
            outputs: outputs)
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
        let node = try rewriter.append(Elementwise(.cast(dtype)), [value], scope: scope)
        copies[key] = Value(node: node)
        return Value(node: node)
    }
}

extension Node {
    /// The inputs that it multiplies in bf16, but not a convolution's filter, which the kernel rounds.
    fileprivate var multiplied: [Value] {
        if let convolution = operation as? Convolution {
            return convolution.direction == .filterGradient ? inputs : [inputs[0]]
        }
        if operation is Biased<Convolution> { return [inputs[0]] }
        return operation is MatMul || operation is Biased<MatMul> ? Array(inputs.prefix(2)) : []
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
            switch node.operation {
            case is MatMul, is Convolution, is Biased<MatMul>, is Biased<Convolution>, is Reduce,
                is BatchNormTraining, is BatchNormGradient:
                continue
            case is FusedElementwise, is Concatenate, is Slice, is Pad, is Transpose, is Broadcast,
                is Reshape:
                if hasFloat32Output { float32.formUnion(node.inputs.map(storage(of:))) }
            default:
                float32.formUnion(node.inputs.map(storage(of:)))
            }
        }
        return float32
    }
}
