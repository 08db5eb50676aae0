/// One of the tensors that a node makes.
package struct Value: Hashable, Sendable {
    package let node: Int
    package let index: Int

    package init(node: Int, index: Int = 0) {
        self.node = node
        self.index = index
    }
}

/// An operation applied to values of earlier nodes.
package struct Node: Sendable {
    package let operation: any Primitive
    package let inputs: [Value]
    /// Types of the tensors it makes.
    package let types: [TensorType]
    /// Where it comes from, such as `generator/dense1`; for people.
    package let scope: String
}

/// What a program is for: tensors that it hands out or that replace a named state.
package struct Output: Hashable, Sendable {
    package enum Role: String, Sendable { case state, result }
    package let name: String
    package let role: Role
    package let value: Value

    package init(name: String, role: Role, value: Value) {
        self.name = name
        self.role = role
        self.value = value
    }
}

/// A program as data: nodes in an order in which each comes after what it reads.
public struct Graph: Sendable {
    package var nodes: [Node] = []
    package var outputs: [Output] = []

    package init() {}

    package func type(of value: Value) -> TensorType { nodes[value.node].types[value.index] }

    /// Appends a node whose types follow from its inputs.
    package mutating func append(
        _ operation: any Primitive, _ inputs: [Value], scope: String = ""
    ) throws(GraphFault) -> Int {
        let types = try operation.infer(inputs.map(type(of:)))
        nodes.append(Node(operation: operation, inputs: inputs, types: types, scope: scope))
        return nodes.count - 1
    }

    /// For each node, the nodes that read one of its values, each once, in order.
    package func readers() -> [[Int]] {
        var readers = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for input in Set(node.inputs.map(\.node)) { readers[input].append(index) }
        }
        return readers
    }

    /// The node that alone reads a value, which is no output.
    package func onlyReader(of value: Value, _ readers: [[Int]]) -> Int? {
        let reading = readers[value.node].filter { nodes[$0].inputs.contains(value) }
        return reading.count == 1 && !outputs.contains { $0.value == value } ? reading[0] : nil
    }

    /// The state and feed nodes, in order.
    package var inputs: [(node: Int, input: Input)] {
        nodes.enumerated().compactMap { index, node in
            (node.operation as? Input).map { (index, $0) }
        }
    }
}

/// A graph that breaks a rule.
package struct GraphFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
