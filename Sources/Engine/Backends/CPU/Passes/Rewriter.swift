/// Copies a graph into a new one while a pass replaces or drops nodes.
struct Rewriter {
    private(set) var graph = Graph()
    private var moved: [Value: Value] = [:]

    /// The value of the new graph that stands for an old value.
    func callAsFunction(_ old: Value) -> Value {
        guard let new = moved[old] else {
            misuse("a pass reads %\(old.node) before it has moved it")
        }
        return new
    }

    /// Maps `old` to `new`.
    mutating func replace(_ old: Value, with new: Value) { moved[old] = new }

    /// Appends `node`, or another operation on other inputs in its place, and maps the outputs of `node` to the new
    /// ones. The inputs are values of the old graph.
    mutating func copy(
        _ index: Int, _ node: Node, as operation: (any Primitive)? = nil, _ inputs: [Value]? = nil
    ) throws(GraphFault) {
        let inputs = (inputs ?? node.inputs).map { self($0) }
        try append(operation ?? node.operation, inputs, replacing: index, node)
    }

    /// Appends an operation on inputs of the new graph, and maps the outputs of `node` to its outputs.
    mutating func append(
        _ operation: any Primitive, _ inputs: [Value], replacing index: Int, _ node: Node
    ) throws(GraphFault) {
        let new = try graph.append(operation, inputs, scope: node.scope)
        for output in node.types.indices {
            replace(Value(node: index, index: output), with: Value(node: new, index: output))
        }
    }

    /// Appends a new node.
    mutating func append(
        _ operation: any Primitive, _ inputs: [Value], scope: String
    ) throws(GraphFault) -> Int {
        try graph.append(operation, inputs, scope: scope)
    }

    /// The new graph, with the outputs of `old`.
    func finish(_ old: Graph) -> Graph {
        var graph = graph
        graph.outputs = old.outputs.map {
            Output(name: $0.name, role: $0.role, value: self($0.value))
        }
        return graph
    }
}

/// The passes in order. Each returns an equivalent graph, which is verified.
package enum Passes {
    package typealias Pass = (name: String, run: @Sendable (Graph) throws -> Graph)

    package static let all: [Pass] = [
        ("prune", prune), ("fold", fold), ("common subexpressions", mergeCommonSubexpressions),
        ("prune", prune), ("fuse normalization", fuseNormalization),
        ("fuse biases", fuseBiases), ("prune", prune),
        ("fuse", fuse), ("prune", prune), ("separate outputs", separateOutputs),
    ]

    /// The passes for programs that store their tensors in `precision`.
    package static func all(_ precision: StoragePrecision) -> [Pass] {
        let lowering = [("lower precision", lowerPrecision), ("prune", prune)]
        return all + (precision == .f32 ? [] : lowering)
            + [("fuse gates", fuseGates), ("prune", prune)]
    }

    /// Runs all passes.
    package static func optimize(
        _ graph: Graph, _ precision: StoragePrecision = .f32
    ) throws -> Graph {
        try graph.verify()
        var graph = graph
        for pass in all(precision) {
            graph = try pass.run(graph)
            do { try graph.verify() } catch {
                throw GraphFault("after the pass \(pass.name): \(error.description)")
            }
        }
        return graph
    }
}
