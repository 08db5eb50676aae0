extension Graph {
    /// Checks every rule that a pass could break. Runs after each pass.
    package func verify() throws(GraphFault) {
        var names: Set<String> = []
        var streams: [UInt32: String] = [:]
        for (index, node) in nodes.enumerated() {
            for input in node.inputs {
                guard input.node < index, input.index < nodes[input.node].types.count else {
                    throw GraphFault("\(line(index)) reads a value that does not come before it")
                }
            }
            let types = try node.operation.infer(node.inputs.map(type(of:)))
            guard types == node.types else {
                throw GraphFault("\(line(index)) should have the type \(types)")
            }
            if let input = node.operation as? Input,
                !names.insert("\(input.role) \(input.label)").inserted
            {
                throw GraphFault("two inputs are called \(input.label)")
            }
            if let stream = node.operation.randomStream,
                let other = streams.updateValue(stream.name, forKey: stream.number)
            {
                throw GraphFault(
                    "the random streams \(other) and \(stream.name) would repeat each other")
            }
        }
        try verifyOutputs()
    }

    private func verifyOutputs() throws(GraphFault) {
        var names: Set<String> = []
        let states = Dictionary(
            uniqueKeysWithValues: inputs.filter { $0.input.role == .state }
                .map { ($0.input.label, $0.input.type) })
        for output in outputs {
            guard output.value.node < nodes.count,
                output.value.index < nodes[output.value.node].types.count
            else { throw GraphFault("the output \(output.name) does not exist") }
            guard names.insert("\(output.role) \(output.name)").inserted else {
                throw GraphFault("two outputs are called \(output.name)")
            }
            guard output.role == .state, let old = states[output.name] else { continue }
            let new = type(of: output.value)
            guard new == old else {
                throw GraphFault("the state \(output.name) is \(old) and cannot become \(new)")
            }
        }
    }
}
