/// One of the outputs of a node.
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
    /// Types of its outputs.
    package let types: [TensorType]
    /// The layer that created it, such as `generator/dense1`; only for display.
    package let scope: String
}

/// An output of a program: a result that the caller reads, or the new value of a named state or of its bf16 copy.
package struct Output: Hashable, Sendable {
    package enum Role: String, Sendable { case state, rounded, result }
    package let name: String
    package let role: Role
    package let value: Value

    package init(name: String, role: Role, value: Value) {
        self.name = name
        self.role = role
        self.value = value
    }
}

/// A program as data: nodes in topological order.
public struct Graph: Sendable {
    package var nodes: [Node] = []
    package var outputs: [Output] = []

    package init() {}

    package func type(of value: Value) -> TensorType { nodes[value.node].types[value.index] }

    /// Appends a node, with its output types inferred from the inputs. Returns its index.
    package mutating func append(
        _ operation: any Primitive, _ inputs: [Value], scope: String = ""
    ) throws(GraphFault) -> Int {
        let types = try operation.infer(inputs.map(type(of:)))
        nodes.append(Node(operation: operation, inputs: inputs, types: types, scope: scope))
        return nodes.count - 1
    }

    /// For each node, the nodes that read one of its outputs, in order and without duplicates.
    package func readers() -> [[Int]] {
        var readers = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for input in Set(node.inputs.map(\.node)) { readers[input].append(index) }
        }
        return readers
    }

    /// The only node that reads `value`; nil if there is another, or if `value` is an output of the graph.
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

/// A violated rule of graphs, such as types that do not fit.
public struct GraphFault: Error, CustomStringConvertible {
    /// The rule, and the node as text.
    public let description: String
    package init(_ description: String) { self.description = description }
}
