/// Every `strides`-th element from `starts` to below `ends`, along each axis.
package struct Slice: Primitive {
    package let starts: [Int]
    package let ends: [Int]
    package let strides: [Int]

    package init(starts: [Int], ends: [Int], strides: [Int]) {
        self.starts = starts
        self.ends = ends
        self.strides = strides
    }

    package var name: String { "slice" }
    package var attributes: String {
        starts.indices.map { "\(starts[$0])..<\(ends[$0])/\(strides[$0])" }.joined(separator: " ")
    }

    package var storage: StorageRule { .movement }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 1,
            [starts, ends, strides].allSatisfy({ $0.count == inputs[0].shape.rank }),
            starts.indices.allSatisfy({
                strides[$0] > 0 && starts[$0] >= 0 && starts[$0] < ends[$0]
                    && ends[$0] <= inputs[0].shape[$0]
            })
        else { throw GraphFault("slice \(attributes) of \(inputs)") }
        let extents = starts.indices.map { (ends[$0] - starts[$0] + strides[$0] - 1) / strides[$0] }
        return [TensorType(Shape(extents), inputs[0].dtype)]
    }

    /// The cotangent at the selected elements, zeros elsewhere.
    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let (from, to) = (context.inputs[0].shape, context.outputs[0].shape)
        let last = starts.indices.map { starts[$0] + (to[$0] - 1) * strides[$0] }
        let pad = Pad(
            before: starts, after: last.indices.map { from[$0] - 1 - last[$0] },
            between: strides.map { $0 - 1 }, value: 0)
        return [context.cotangent().builder.emit(pad, context.cotangent())]
    }

    /// Whole batches stay divided.
    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        guard case .divided(let batches) = inputs[0] else { return placementOfLinear(inputs) }
        let rows = types[0].shape[0] / batches
        guard strides[0] == 1, starts[0] % rows == 0, ends[0] % rows == 0 else { return nil }
        return PlacementRule(
            inputs, makes: .divided(batches: (ends[0] - starts[0]) / rows),
            by: Slice(
                starts: [starts[0] / ranks] + starts.dropFirst(),
                ends: [ends[0] / ranks] + ends.dropFirst(), strides: strides))
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let layout = layout(in: inputs[0].shape)
        let shape = (try? infer([inputs[0].type]))?[0].shape ?? inputs[0].shape
        return [inputs[0].strided(shape, layout.strides, from: layout.offset)]
    }

    /// Offset and strides, in elements, of the selected elements in a tensor of `shape`.
    package func layout(in shape: Shape) -> (offset: Int, strides: [Int]) {
        let own = shape.strides
        return (
            zip(starts, own).map { $0 * $1 }.reduce(0, +), zip(strides, own).map { $0 * $1 }
        )
    }
}

/// Inserts `value` before, after and between the elements along each axis.
package struct Pad: Primitive {
    package let before: [Int]
    package let after: [Int]
    package let between: [Int]
    package let value: Double

    package init(before: [Int], after: [Int], between: [Int], value: Double) {
        self.before = before
        self.after = after
        self.between = between
        self.value = value
    }

    package var name: String { "pad" }
    package var attributes: String {
        before.indices.map { "\(before[$0])|\(between[$0])|\(after[$0])" }.joined(separator: " ")
            + " with \(value)"
    }

    package var storage: StorageRule { .movement }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 1, inputs[0].dtype.isFloat, inputs[0].shape.count > 0,
            [before, after, between].allSatisfy({
                $0.count == inputs[0].shape.rank && $0.allSatisfy { $0 >= 0 }
            })
        else { throw GraphFault("pad \(attributes) of \(inputs)") }
        let from = inputs[0].shape
        return [
            TensorType(
                Shape(
                    before.indices.map {
                        before[$0] + (from[$0] - 1) * (between[$0] + 1) + 1 + after[$0]
                    }), inputs[0].dtype)
        ]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        [
            context.cotangent().builder.emit(
                inverse(of: context.inputs[0].shape), context.cotangent())
        ]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        if case .divided(let batches) = inputs[0] {
            // Whole batches come before and after.
            let rows = types[0].shape[0] / batches
            guard between[0] == 0, before[0] % rows == 0, after[0] % rows == 0 else { return nil }
            return PlacementRule(
                inputs, makes: .divided(batches: batches + (before[0] + after[0]) / rows),
                by: Pad(
                    before: [before[0] / ranks] + before.dropFirst(),
                    after: [after[0] / ranks] + after.dropFirst(), between: between, value: value))
        }
        return value == 0 ? placementOfLinear(inputs) : placementOfWholes(inputs)
    }

    /// The slice that undoes the padding of a tensor of `shape`.
    package func inverse(of shape: Shape) -> Slice {
        let strides = between.map { $0 + 1 }
        return Slice(
            starts: before,
            ends: before.indices.map { before[$0] + (shape[$0] - 1) * strides[$0] + 1 },
            strides: strides)
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let type = (try? infer([inputs[0].type]))?[0] ?? inputs[0].type
        let layout = inverse(of: inputs[0].shape).layout(in: type.shape)
        var result = ReferenceTensor(
            type, [Double](repeating: value, count: type.shape.count))
        result.place(inputs[0], layout.strides, from: layout.offset)
        return [result]
    }
}

/// Concatenates tensors along an axis.
package struct Concatenate: Primitive {
    package let axis: Int
    package init(axis: Int) { self.axis = axis }

    package var name: String { "concatenate" }
    package var attributes: String { "axis=\(axis)" }

    package var storage: StorageRule { .movement }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        func others(_ shape: Shape) -> [Int] {
            shape.dimensions.indices.filter { $0 != axis }.map { shape[$0] }
        }
        guard let first = inputs.first, first.shape.dimensions.indices.contains(axis),
            inputs.allSatisfy({
                $0.dtype == first.dtype && $0.shape.rank == first.shape.rank
                    && others($0.shape) == others(first.shape)
            })
        else { throw GraphFault("concatenate along \(axis) of \(inputs)") }
        var extents = first.shape.dimensions
        extents[axis] = inputs.map { $0.shape[axis] }.reduce(0, +)
        return [TensorType(Shape(extents), first.dtype)]
    }

    /// The index at which each input begins along the axis.
    package func starts(_ shapes: [Shape]) -> [Int] {
        shapes.dropLast().reduce(into: [0]) { $0.append(($0.last ?? 0) + $1[axis]) }
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let g = context.cotangent()
        return zip(context.inputs, starts(context.inputs.map(\.shape))).map { input, start in
            g.slice(axis: axis, start..<start + input.shape[axis])
        }
    }

    /// Along the first axis batches follow each other, each still divided.
    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        guard let index = inputs.firstIndex(where: \.isDivided),
            case .divided(let batches) = inputs[index]
        else {
            return inputs.allSatisfy { $0 == .summands }
                ? placementOfLinear(inputs) : placementOfWholes(inputs)
        }
        if axis != 0 { return placementByRow(inputs) }
        let rows = types[index].shape[0] / batches
        guard types.allSatisfy({ $0.shape[0] % rows == 0 }) else { return nil }
        let counts = types.map { $0.shape[0] / rows }
        return PlacementRule(
            counts.map { .divided(batches: $0) },
            makes: .divided(batches: counts.reduce(0, +)), by: self)
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let type = (try? infer(inputs.map(\.type)))?[0] ?? inputs[0].type
        var result = ReferenceTensor(type, [Double](repeating: 0, count: type.shape.count))
        let strides = type.shape.strides
        for (input, start) in zip(inputs, starts(inputs.map(\.shape))) {
            result.place(input, strides, from: start * strides[axis])
        }
        return [result]
    }
}

extension ReferenceTensor {
    /// The tensor of `shape` whose element at a multi-index i is element `offset` + i · `strides` of this one.
    func strided(_ shape: Shape, _ strides: [Int], from offset: Int = 0) -> ReferenceTensor {
        let places = ReferenceTensor.places(shape, strides, from: offset)
        return ReferenceTensor(TensorType(shape, type.dtype), places.map { values[$0] })
    }

    /// Writes the element of `other` at each multi-index i to element `offset` + i · `strides` of this one.
    mutating func place(_ other: ReferenceTensor, _ strides: [Int], from offset: Int) {
        let places = ReferenceTensor.places(other.shape, strides, from: offset)
        for (place, value) in zip(places, other.values) { values[place] = value }
    }

    private static func places(_ shape: Shape, _ strides: [Int], from offset: Int) -> [Int] {
        let own = shape.strides
        return (0..<shape.count).map { flat in
            (0..<shape.rank).reduce(offset) { $0 + flat / own[$1] % shape[$1] * strides[$1] }
        }
    }
}
