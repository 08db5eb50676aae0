extension Graph: CustomStringConvertible {
    /// The graph as text, one node per line. Golden tests and error messages use it.
    public var description: String {
        var lines = nodes.indices.map { line($0) }
        for output in outputs {
            lines.append("\(output.role.rawValue) \(output.name) = \(name(of: output.value))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `%7 = matmul(%3, %5) transposeB : f32[32,256]  // generator/dense1`.
    package func line(_ index: Int) -> String {
        let node = nodes[index]
        let inputs = node.inputs.map(name(of:)).joined(separator: ", ")
        let attributes = node.operation.attributes
        return "%\(index) = \(node.operation.name)" + (inputs.isEmpty ? "" : "(\(inputs))")
            + (attributes.isEmpty ? "" : " " + attributes)
            + " : " + node.types.map(\.description).joined(separator: ", ")
            + (node.scope.isEmpty ? "" : "  // " + node.scope)
    }

    private func name(of value: Value) -> String {
        nodes[value.node].types.count == 1 ? "%\(value.node)" : "%\(value.node).\(value.index)"
    }
}
