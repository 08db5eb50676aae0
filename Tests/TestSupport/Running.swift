import Engine

extension Graph {
    /// The largest difference between the compiled program and the reference interpreter, over every
    /// result, relative to the largest reference value or 1; and the name of the worst result.
    package func worstDifference(
        _ inputs: [String: ReferenceTensor]
    ) throws -> (difference: Double, name: String) {
        let expected = Interpreter(self).run(inputs)
        let actual = try runCompiled(inputs)
        var worst = (difference: 0.0, name: "")
        for (name, reference) in expected {
            guard let found = actual[name] else { return (.infinity, "missing \(name)") }
            let scale = max(reference.values.map(abs).filter(\.isFinite).max() ?? 1, 1)
            for (x, y) in zip(found, reference.values) {
                let same = x == y || (x.isNaN && y.isNaN)
                let difference = same ? 0 : abs(x - y) / scale
                if !(difference <= worst.difference) { worst = (difference, name) }
            }
        }
        return worst
    }

    /// Results and states after one run of the compiled program.
    package func runCompiled(
        _ given: [String: ReferenceTensor], precision: StoragePrecision = .f32
    ) throws -> [String: [Double]] {
        try EngineThread.run {
            let store = StateStore()
            for (_, input) in inputs where input.role == .state {
                let values = given[input.label]?.values ?? []
                store[input.label] = HostTensor(input.type.shape, values.map(Float.init))
            }
            let program = try Program(self, store: store, precision: precision)
            for (_, input) in inputs where input.role == .feed && program.hasFeed(input.label) {
                let values = given[input.label]?.values ?? []
                if input.type.dtype == .int32 {
                    program.setFeed(
                        input.label, bits: values.map { UInt32(bitPattern: Int32($0)) })
                } else {
                    program.setFeed(input.label, values.map(Float.init))
                }
            }
            program.run()
            var results: [String: [Double]] = [:]
            for output in outputs {
                let type = self.type(of: output.value)
                let floats =
                    output.role == .result
                    ? program.result(output.name) : store[output.name]?.values ?? []
                results[output.name] = floats.map {
                    type.dtype == .int32
                        ? Double(Int32(bitPattern: $0.bitPattern)) : Double($0)
                }
            }
            return results
        }
    }
}
