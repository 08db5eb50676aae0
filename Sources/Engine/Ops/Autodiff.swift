/// Gradients dL/dtargets, where L is the sum of `objective`'s elements. They are tensors of the same graph and can be
/// differentiated again.
public func gradients(of objective: Tensor, withRespectTo targets: [Tensor]) -> [Tensor] {
    let one = objective.builder.constant(1).broadcast(to: objective.shape)
    return gradients(of: [objective], from: [one], withRespectTo: targets)
}

/// Vector-Jacobian product: dL/dtargets, given `cotangents` = dL/doutputs. Zeros for a target without influence.
public func gradients(
    of outputs: [Tensor], from cotangents: [Tensor], withRespectTo targets: [Tensor]
) -> [Tensor] {
    let found = gradients(of: outputs, cotangents: cotangents, withRespectTo: targets)
    return zip(found, targets).map { gradient, target in
        gradient ?? target.builder.constant(0).broadcast(to: target.shape)
    }
}

/// Reverse mode: visits the nodes from last to first and passes each the cotangents of its outputs.
///
/// - Parameter stopAtTargets: treat the targets as leaves even where one depends on another.
/// - Returns: one gradient per target, nil where the outputs do not depend on it.
package func gradients(
    of outputs: [Tensor], cotangents: [Tensor], withRespectTo targets: [Tensor],
    stopAtTargets: Bool = false
) -> [Tensor?] {
    guard let builder = outputs.first?.builder else { return targets.map { _ in nil } }
    let nodes = builder.graph.nodes
    let leaves = Set(targets.map(\.value))
    let depends = dependents(of: leaves, in: nodes)
    var derivative: [Value: Tensor] = [:]
    func accumulate(_ value: Value, _ cotangent: Tensor) {
        derivative[value] = derivative[value].map { $0 + cotangent } ?? cotangent
    }
    for (output, cotangent) in zip(outputs, cotangents) { accumulate(output.value, cotangent) }

    let last = outputs.map(\.value.node).max() ?? 0
    for index in stride(from: last, through: 0, by: -1) where depends[index] {
        let node = nodes[index]
        let values = node.types.indices.map { Value(node: index, index: $0) }
        let incoming = values.map { stopAtTargets && leaves.contains($0) ? nil : derivative[$0] }
        guard incoming.contains(where: { $0 != nil }) else { continue }
        let context = GradientContext(
            inputs: node.inputs.map { Tensor(builder: builder, value: $0) },
            outputs: values.map { Tensor(builder: builder, value: $0) },
            cotangents: incoming)
        let found = builder.scoped("gradient(\(node.scope))") { node.operation.gradient(context) }
        for (input, cotangent) in zip(node.inputs, found) where depends[input.node] {
            if let cotangent { accumulate(input, cotangent) }
        }
    }
    return targets.map { derivative[$0.value] }
}

/// For each node, whether it is one of `leaves` or computed from one.
private func dependents(of leaves: Set<Value>, in nodes: [Node]) -> [Bool] {
    var depends = [Bool](repeating: false, count: nodes.count)
    for leaf in leaves { depends[leaf.node] = true }
    for (index, node) in nodes.enumerated() where !depends[index] {
        depends[index] = node.inputs.contains { depends[$0.node] }
    }
    return depends
}

extension Fused {
    /// Differentiates the composition.
    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let outputs = expand(context.inputs)
        let pairs = zip(outputs, context.cotangents).filter { $1 != nil }
        return gradients(
            of: pairs.map(\.0), cotangents: pairs.compactMap(\.1),
            withRespectTo: context.inputs, stopAtTargets: true)
    }
}

extension GradientContext {
    /// The cotangent of output `index`, with zeros in place of nil.
    package func cotangent(_ index: Int = 0) -> Tensor {
        cotangents[index] ?? outputs[index].builder.constant(0).broadcast(to: outputs[index].shape)
    }
}
