import Engine

/// A graph of random operations with named states, to test properties that every graph must have.
public struct RandomGraph {
    package let graph: Graph
    package let inputs: [String: ReferenceTensor]

    package init(seed: UInt64) {
        var numbers = TestNumbers(seed: seed)
        func pick(_ count: Int) -> Int { Int(numbers.next() % UInt64(count)) }
        let builder = GraphBuilder()
        let (rows, columns) = (1 + pick(9), 1 + pick(20))
        var values: [Tensor] = []
        var inputs: [String: ReferenceTensor] = [:]
        for (index, shape)
            in ([[rows, columns], [rows, columns], [columns], [rows, 1]] as [Shape])
            .enumerated()
        {
            values.append(builder.state("s\(index)", TensorType(shape)))
            inputs["s\(index)"] = ReferenceTensor(shape, numbers.tensor(shape, in: -1...1))
        }
        for _ in 0..<24 {
            let (a, b) = (values[pick(values.count)], values[pick(values.count)])
            let together = a.shape.broadcast(with: b.shape) != nil
            switch pick(11) {
            case 0: values.append(a.tanh())
            case 1: values.append(-a)
            case 2: values.append(a.leakyRelu(0.1))
            case 3 where together: values.append(a + b)
            case 4 where together: values.append(a * b)
            case 5 where together: values.append(a - b * 0.5)
            case 6 where together: values.append(a.maximum(b))
            case 7 where a.shape.rank > 1: values.append(a.sum(axes: [pick(a.shape.rank)]))
            case 8 where a.shape.rank == 2:
                values.append(a.transpose([1, 0]).matmul(a) * (1 / Double(a.shape.count)))
            case 9: values.append(a.reshape([a.shape.count]).tanh())
            default: values.append(a.sigmoid() * 1 + 0)
            }
        }
        // Some states are updated, in a chain of up to two updates, while others are still read.
        for index in 0..<3 where pick(3) > 0 {
            let old = values[index]
            let matching = values.filter { $0.shape == old.shape }
            var new = old * 0.5 + matching[pick(matching.count)]
            if pick(2) == 0 { new = new * 0.9 - matching[pick(matching.count)] * 0.1 }
            builder.update("s\(index)", to: new)
        }
        for (index, value) in values.suffix(6).enumerated() { builder.result("r\(index)", value) }
        // Old values are results too, unchanged and in another shape.
        builder.result("old", values[0])
        builder.result("flat", values[1].reshape([values[1].shape.count]))
        if pick(2) == 0, values[0].shape == values[1].shape { builder.update("s0", to: values[1]) }
        graph = builder.graph
        self.inputs = inputs
    }
}
