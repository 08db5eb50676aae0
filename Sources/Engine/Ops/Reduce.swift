/// Sum or maximum over axes, which are removed. Sums also accept bf16; the result is f32.
package struct Reduce: Primitive {
    package enum Kind: String, Sendable { case sum, max }
    package let kind: Kind
    /// In ascending order.
    package let axes: [Int]

    package init(_ kind: Kind, axes: [Int]) {
        self.kind = kind
        self.axes = axes.sorted()
    }

    package var name: String { kind.rawValue }
    package var attributes: String { "axes=" + axes.map(String.init).joined(separator: ",") }

    package var storage: StorageRule { .reduction(readsBFloat16: kind == .sum) }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 1,
            inputs[0].dtype == .float32 || (kind == .sum && inputs[0].dtype == .bfloat16),
            Set(axes).count == axes.count,
            axes.allSatisfy({ inputs[0].shape.dimensions.indices.contains($0) })
        else { throw GraphFault("\(name) over the axes \(axes) of \(inputs)") }
        let dimensions = inputs[0].shape.dimensions.enumerated()
        return [TensorType(Shape(dimensions.filter { !axes.contains($0.offset) }.map(\.element)))]
    }

    /// The input's shape with the reduced axes kept as 1.
    package func keptShape(of shape: Shape) -> Shape {
        Shape(shape.dimensions.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let x = context.inputs[0]
        let kept = keptShape(of: x.shape)
        let g = context.cotangent().reshape(kept)
        if kind == .sum { return [g.broadcast(to: x.shape)] }
        // Elements that tie for the maximum share its cotangent.
        let largest = context.outputs[0].reshape(kept).broadcast(to: x.shape)
        let ties = (x .== largest).cast(.float32)
        let share = g / ties.sum(axes: axes).reshape(kept)
        return [ties * share]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        switch (kind, inputs[0]) {
        case (.sum, .divided) where axes.contains(0):
            PlacementRule(inputs, makes: .summands, by: self)
        case (.max, .divided) where axes.contains(0): nil
        case (.sum, _), (.max, .divided): placementOfLinear(inputs)
        case (.max, _): placementOfWholes(inputs)
        }
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let shape = inputs[0].shape
        let kept = keptShape(of: shape)
        let start = kind == .sum ? 0 : -Double.infinity
        var result = [Double](repeating: start, count: kept.count)
        let own = shape.strides
        let target = kept.broadcastStrides(to: shape)
        for (flat, value) in inputs[0].values.enumerated() {
            var index = 0
            for axis in 0..<shape.rank { index += flat / own[axis] % shape[axis] * target[axis] }
            switch kind {
            case .sum: result[index] += value
            case .max: result[index] = value > result[index] || value.isNaN ? value : result[index]
            }
        }
        let dropped = shape.dimensions.enumerated().filter { !axes.contains($0.offset) }
        return [ReferenceTensor(Shape(dropped.map(\.element)), result)]
    }
}
