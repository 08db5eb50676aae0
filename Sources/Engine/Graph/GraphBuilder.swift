/// Collects nodes while layers, losses and optimizers are applied to symbolic tensors.
public final class GraphBuilder {
    /// Source of the values of random tensors.
    public enum Randomness: Sendable {
        /// Philox, keyed by the input `key` (seed and step).
        case philox
        /// A feed named after the stream, so that tests and other frameworks can use the same values.
        case feeds
    }

    /// The graph so far.
    public private(set) var graph = Graph()
    let randomness: Randomness
    /// The number of random tensors so far.
    package internal(set) var draws = 0
    private var scopes: [String] = []
    // Not as tensors, which hold the builder: a cycle would never be freed.
    private var inputs: [String: Value] = [:]

    /// An empty builder.
    public init(randomness: Randomness = .philox) { self.randomness = randomness }

    /// The path of the layer that is being built, such as `generator/dense1`.
    public var scope: String { scopes.joined(separator: "/") }

    /// Runs `body` with `name` appended to ``scope``.
    @discardableResult
    public func scoped<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        scopes.append(name)
        defer { scopes.removeLast() }
        return try body()
    }

    /// The current value of a named state, which lives in the run's ``StateStore``.
    public func state(_ name: String, _ type: TensorType) -> Tensor { input(name, .state, type) }

    /// A tensor that the caller fills before each run.
    public func feed(_ name: String, _ type: TensorType) -> Tensor { input(name, .feed, type) }

    /// Makes `tensor` the state's value after the program has run.
    public func update(_ name: String, to tensor: Tensor) {
        graph.outputs.removeAll { $0.role == .state && $0.name == name }
        graph.outputs.append(Output(name: name, role: .state, value: tensor.value))
    }

    /// Makes `tensor` a result called `name`. The handle reads its values from a compiled program.
    @discardableResult
    public func result(_ name: String, _ tensor: Tensor) -> ResultHandle {
        graph.outputs.append(Output(name: name, role: .result, value: tensor.value))
        return ResultHandle(name: name, place: graph.outputs.count { $0.role == .result } - 1)
    }

    /// A scalar constant.
    public func constant(_ value: Double) -> Tensor {
        emit(Constant(.scalar, values: [value]))
    }

    /// A constant of `shape` with one value for each element, in row-major order.
    public func constant(_ shape: Shape, _ values: [Double]) -> Tensor {
        if shape.count != values.count { misuse("\(values.count) values for a tensor \(shape)") }
        return emit(Constant(shape, values: values))
    }

    package func emit(_ operation: any Primitive, _ inputs: Tensor...) -> Tensor {
        emitAll(operation, inputs)[0]
    }

    package func emitAll(_ operation: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
        for input in inputs where input.builder !== self {
            misuse("\(operation.name) got a tensor of another graph")
        }
        do {
            let node = try graph.append(operation, inputs.map(\.value), scope: scope)
            return graph.nodes[node].types.indices.map {
                Tensor(builder: self, value: Value(node: node, index: $0))
            }
        } catch {
            misuseHere(error.description)
        }
    }

    /// Reports a programming error in the current layer. The message begins with the layer's path.
    package func misuseHere(_ message: String) -> Never {
        misuse((scope.isEmpty ? "" : "\(scope): ") + message)
    }

    private func input(_ name: String, _ role: Input.Role, _ type: TensorType) -> Tensor {
        let key = "\(role) \(name)"
        if let known = inputs[key] {
            let found = graph.type(of: known)
            if found == type { return Tensor(builder: self, value: known) }
            misuse("the \(role) \(name) is \(found) and \(type)")
        }
        let tensor = emit(Input(label: name, role: role, type: type))
        inputs[key] = tensor.value
        return tensor
    }
}

/// A result of a graph: created by ``GraphBuilder/result(_:_:)``, and read from programs that were compiled from that
/// graph.
public struct ResultHandle: Hashable, Sendable {
    /// Its name in printed output and in journals.
    public let name: String
    /// Index among the graph's results.
    package let place: Int
}

/// A symbolic tensor of a graph that is being built: it has a type, but no values yet.
public struct Tensor {
    package let builder: GraphBuilder
    package let value: Value

    /// Its shape and element type.
    public var type: TensorType { builder.graph.type(of: value) }
    /// Its shape.
    public var shape: Shape { type.shape }
}
