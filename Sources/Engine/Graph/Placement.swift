/// Where a tensor is when the batch of a step is divided among ranks.
package enum Placement: Hashable, Sendable {
    /// The whole tensor, the same on every rank.
    case everywhere
    /// Each rank has its share of the first axis. That axis is a number of batches one after the other, each of which is
    /// divided evenly.
    case divided(batches: Int)
    /// Each rank has a tensor of the same shape; the tensor is their sum.
    case summands

    package var isDivided: Bool { if case .divided = self { true } else { false } }
}

/// How every rank computes its part of an operation.
package struct PlacementRule {
    /// Where the inputs have to be.
    package let inputs: [Placement]
    /// Where the outputs then are.
    package let outputs: Placement
    /// The operation on these parts.
    package let operation: any Primitive

    package init(_ inputs: [Placement], makes outputs: Placement, by operation: any Primitive) {
        self.inputs = inputs
        self.outputs = outputs
        self.operation = operation
    }
}

extension Primitive {
    /// The rule of an operation that needs its whole inputs; nil if one of them is divided.
    package func placementOfWholes(_ inputs: [Placement]) -> PlacementRule? {
        if inputs.contains(where: \.isDivided) { return nil }
        return PlacementRule(inputs.map { _ in .everywhere }, makes: .everywhere, by: self)
    }

    /// The rule of an operation that computes each element of the batch on its own, if an input is divided.
    package func placementByRow(_ inputs: [Placement]) -> PlacementRule? {
        guard let divided = inputs.first(where: \.isDivided) else {
            return placementOfWholes(inputs)
        }
        return PlacementRule(inputs.map { _ in divided }, makes: divided, by: self)
    }

    /// The rule of a linear operation of one input that does not touch the first axis.
    package func placementOfLinear(_ inputs: [Placement]) -> PlacementRule {
        PlacementRule(inputs, makes: inputs[0], by: self)
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        placementOfWholes(inputs)
    }
}

extension Shape {
    /// The shape of one of `ranks` shares of the first axis.
    package func share(among ranks: Int) -> Shape {
        Shape([self[0] / ranks] + dimensions.dropFirst())
    }
}
