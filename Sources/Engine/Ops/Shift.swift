/// Moves each image of a batch by its own whole number of rows and columns; zeros come in. Inputs: images [N, H, W, C],
/// rows and columns [N, 1, 1, 1]. y[n, i, j] = x[n, i + rows[n], j + columns[n]].
package struct Shift: Primitive {
    package var name: String { "shift" }
    package var storage: StorageRule { .normalization(images: 1) }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 3, inputs[0].dtype.isFloat, inputs[0].shape.rank == 4,
            inputs[1...].allSatisfy({
                $0 == TensorType([inputs[0].shape[0], 1, 1, 1], .float32)
            })
        else { throw GraphFault("shift of \(inputs)") }
        return [inputs[0]]
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let (rows, columns) = (context.inputs[1], context.inputs[2])
        return [context.cotangent().shifted(rows: -rows, columns: -columns), nil, nil]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        placementByRow(inputs)
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let (x, shape) = (inputs[0], inputs[0].shape)
        let strides = shape.strides
        var result = x
        for flat in 0..<shape.count {
            let n = flat / strides[0]
            let row =
                flat / strides[1] % shape[1] + Shift.whole(Float(inputs[1].values[n]), shape[1])
            let column =
                flat / strides[2] % shape[2] + Shift.whole(Float(inputs[2].values[n]), shape[2])
            let isInside = (0..<shape[1]).contains(row) && (0..<shape[2]).contains(column)
            let place = n * strides[0] + row * strides[1] + column * strides[2]
            result.values[flat] = isInside ? x.values[place + flat % strides[2]] : 0
        }
        return [result]
    }

    /// The nearest whole number of at most `limit` pixels, whatever the offset is.
    package static func whole(_ offset: Float, _ limit: Int) -> Int {
        let limit = Float(limit)
        return Int(max(-limit, min(limit, offset)).rounded())
    }
}

extension Tensor {
    /// Each of these images [N, H, W, C] moved by its own whole number of rows and columns, both [N, 1, 1, 1]; zeros
    /// come in.
    package func shifted(rows: Tensor, columns: Tensor) -> Tensor {
        builder.emit(Shift(), self, rows, columns)
    }
}
