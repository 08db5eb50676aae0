/// The sums of tensors over all ranks, which each rank gets. Every rank runs the same ones in the same order. One of
/// several tensors is one message.
package struct AllReduce: Primitive {
    package let ranks: Int
    package init(among ranks: Int) { self.ranks = ranks }

    package var name: String { "allReduce" }
    package var attributes: String { "ranks=\(ranks)" }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard !inputs.isEmpty, inputs.allSatisfy({ $0.dtype == .float32 }) else {
            throw GraphFault("allReduce takes float32 tensors, not \(inputs)")
        }
        return inputs
    }

    /// Each rank's input is a summand of every rank's output, so its cotangent is the sum of theirs.
    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let cotangents = context.outputs.indices.map { index in
            context.cotangents[index] ?? context.outputs[index] * 0
        }
        return context.inputs[0].builder.emitAll(self, cotangents)
    }

    /// For a single rank. ``Interpreter/run(ranks:_:)`` has several.
    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] { inputs }

    /// The sums of each rank's tensors.
    static func sums(_ ranks: [[ReferenceTensor]]) -> [ReferenceTensor] {
        ranks[0].indices.map { index in
            var sum = ranks[0][index]
            for other in ranks.dropFirst() {
                for place in sum.values.indices { sum.values[place] += other[index].values[place] }
            }
            return sum
        }
    }
}
