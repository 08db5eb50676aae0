/// Collects nodes while layers, losses and optimizers are applied to symbolic tensors.
public final class GraphBuilder {
    /// Where the numbers of random tensors come from.
    public enum Randomness: Sendable {
        /// Philox, keyed by the input `key` (seed and step).
        case philox
        /// A feed named after the stream, so that tests and other frameworks use the same numbers.
        case feeds
    }

    /// The graph so far.
    public private(set) var graph = Graph()
    private let randomness: Randomness
    private var scopes: [String] = []
    private var inputs: [String: Tensor] = [:]

    /// An empty builder.
    public init(randomness: Randomness = .philox) { self.randomness = randomness }

    /// The path of the layer that is being built, such as `generator/dense1`.
    public var scope: String { scopes.joined(separator: "/") }

    /// Runs `body` with `name` appended to ``scope``.
    public func scoped<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        scopes.append(name)
        defer { scopes.removeLast() }
        return try body()
    }

    /// The current value of a named state, of which the run keeps one.
    public func state(_ name: String, _ type: TensorType) -> Tensor { input(name, .state, type) }

    /// A tensor that the caller fills before each run.
    public func feed(_ name: String, _ type: TensorType) -> Tensor { input(name, .feed, type) }

    /// Makes `tensor` the state's value after the program has run.
    public func update(_ name: String, to tensor: Tensor) {
        graph.outputs.removeAll { $0.role == .state && $0.name == name }
        graph.outputs.append(Output(name: name, role: .state, value: tensor.value))
    }

    /// Hands `tensor` out under `name`.
    public func result(_ name: String, _ tensor: Tensor) {
        graph.outputs.append(Output(name: name, role: .result, value: tensor.value))
    }

    /// Random numbers that depend on the feed `key` and on `stream`, which no other tensor may use.
    public func random(_ distribution: Distribution, _ shape: Shape, stream: String) -> Tensor {
        switch randomness {
        case .feeds:
            return feed(stream, TensorType(shape))
        case .philox:
            let key = feed("key", TensorType([4], .int32))
            return emit(Random(distribution, shape, stream: stream), key)
        }
    }

    /// A scalar constant.
    public func constant(_ value: Double) -> Tensor {
        emit(Constant(.scalar, values: [value]))
    }

    /// A constant of `shape` with a number for each element, in row-major order.
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

    /// A mistake in the layer that is being built, whose path the message begins with.
    package func misuseHere(_ message: String) -> Never {
        misuse((scope.isEmpty ? "" : "\(scope): ") + message)
    }

    private func input(_ name: String, _ role: Input.Role, _ type: TensorType) -> Tensor {
        let key = "\(role) \(name)"
        if let known = inputs[key] {
            if known.type == type { return known }
            misuse("the \(role) \(name) is \(known.type) and \(type)")
        }
        let tensor = emit(Input(label: name, role: role, type: type))
        inputs[key] = tensor
        return tensor
    }
}

/// A tensor of a graph that is being built: a promise, not numbers.
public struct Tensor {
    package let builder: GraphBuilder
    package let value: Value

    /// Its shape and element type.
    public var type: TensorType { builder.graph.type(of: value) }
    /// Its shape.
    public var shape: Shape { type.shape }
}
