import Ganymede
import TestSupport

/// Values for the inputs of a preset's step.
enum PresetInputs {
    static func of(_ graph: Graph) -> [String: ReferenceTensor] {
        var numbers = TestNumbers(seed: 21)
        var given: [String: ReferenceTensor] = [:]
        for (_, input) in graph.inputs {
            if input.label == "labels" {
                let classes = (0..<input.type.shape.count).map { Double($0 % 3) }
                given[input.label] = ReferenceTensor(input.type, classes)
                continue
            }
            // Variances and second moments are positive, learning rates small.
            let isPositive = input.label.contains("variance") || input.label.contains(".v.")
            let range =
                input.type.shape == .scalar ? 1e-4...1e-3 : isPositive ? 0.5...1.5 : -0.3...0.3
            given[input.label] = ReferenceTensor(
                input.type, numbers.tensor(input.type.shape, in: range))
        }
        given["key"] = ReferenceTensor(TensorType([4], .int32), [7, 0, 1, 0])
        return given
    }

    /// The largest difference of a result, relative to its largest value.
    static func worst(
        _ found: [String: ReferenceTensor], _ expected: [String: ReferenceTensor]
    ) -> (error: Double, name: String) {
        var worst = (error: 0.0, name: "")
        for (name, reference) in expected {
            // Biases before batch normalization have gradients that are only rounding errors.
            let scale = max(reference.values.map(abs).max() ?? 0, 1e-6)
            for (x, y) in zip(found[name]?.values ?? [.infinity], reference.values)
            where abs(x - y) / scale > worst.error {
                worst = (abs(x - y) / scale, name)
            }
        }
        return worst
    }
}
