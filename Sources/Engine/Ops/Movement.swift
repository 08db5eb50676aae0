/// Broadcasts to `shape`: stretches axes of extent 1 and adds axes in front.
package struct Broadcast: Primitive {
    package let shape: Shape
    package init(to shape: Shape) { self.shape = shape }

    package var name: String { "broadcast" }

    package var storage: StorageRule { .movement }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 1, inputs[0].shape.broadcast(with: shape) == shape else {
            throw GraphFault("\(inputs) cannot stretch to \(shape)")
        }
        return [TensorType(shape, inputs[0].dtype)]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let from = context.inputs[0].shape
        let padded = from.padded(toRank: shape.rank)
        let axes = padded.indices.filter { padded[$0] == 1 && shape[$0] != 1 }
        return [context.cotangent().sum(axes: axes).reshape(from)]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        guard inputs[0].isDivided, types[0].shape.rank == shape.rank else {
            return placementOfWholes(inputs)
        }
        return PlacementRule(
            inputs, makes: inputs[0], by: Broadcast(to: shape.share(among: ranks)))
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        [inputs[0].strided(shape, inputs[0].shape.broadcastStrides(to: shape))]
    }
}

/// The same elements in row-major order under another shape.
package struct Reshape: Primitive {
    package let shape: Shape
    package init(to shape: Shape) { self.shape = shape }

    package var name: String { "reshape" }

    package var storage: StorageRule { .movement }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 1, inputs[0].shape.count == shape.count else {
            throw GraphFault("\(inputs) cannot be reshaped to \(shape)")
        }
        return [TensorType(shape, inputs[0].dtype)]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        [context.cotangent().reshape(context.inputs[0].shape)]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        guard case .divided(let batches) = inputs[0] else { return placementOfLinear(inputs) }
        // The share of each batch has to be whole rows of the result, too.
        guard shape.rank > 0, shape[0] % (batches * ranks) == 0 else { return nil }
        return PlacementRule(inputs, makes: inputs[0], by: Reshape(to: shape.share(among: ranks)))
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        [ReferenceTensor(TensorType(shape, inputs[0].type.dtype), inputs[0].values)]
    }
}

/// Axis i of the result is axis `permutation[i]` of the input.
package struct Transpose: Primitive {
    package let permutation: [Int]
    package init(_ permutation: [Int]) { self.permutation = permutation }

    package var name: String { "transpose" }
    package var attributes: String { permutation.map(String.init).joined(separator: " ") }

    package var storage: StorageRule { .movement }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 1, permutation.sorted() == Array(0..<inputs[0].shape.rank) else {
            throw GraphFault("\(inputs) cannot be transposed by \(permutation)")
        }
        let from = inputs[0].shape
        return [TensorType(Shape(permutation.map { from[$0] }), inputs[0].dtype)]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let inverse = permutation.indices.map { axis in
            permutation.firstIndex(of: axis) ?? axis
        }
        return [context.cotangent().transpose(inverse)]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        inputs[0].isDivided && permutation[0] != 0 ? nil : placementOfLinear(inputs)
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let from = inputs[0].shape
        let strides = from.strides
        return [
            inputs[0].strided(
                Shape(permutation.map { from[$0] }), permutation.map { strides[$0] })
        ]
    }
}
