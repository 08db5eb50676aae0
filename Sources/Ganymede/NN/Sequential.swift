/// A network that applies layers one after the other:
/// ```swift
/// let generator = Sequential("generator", input: [100]) {
///     Dense(256); LeakyReLU(0.2); BatchNorm(momentum: 0.8)
///     Dense(28 * 28); Tanh(); Reshape(28, 28, 1)
/// }
/// ```
/// The builder supports `if`, `if else`, `switch` and `for`.
public struct Sequential: Sendable {
    /// The first part of its variables' names.
    public let name: String
    /// The shape of one sample of its input.
    public let input: [Int]
    /// In order of application.
    public let layers: [any Layer]

    /// A network. If a layer does not fit the one before, the process stops with a message that has both shapes.
    public init(_ name: String, input: [Int], @LayerBuilder layers: () -> [any Layer]) {
        self.init(name, input: input, layers: layers())
    }

    /// A network of the given layers.
    public init(_ name: String, input: [Int], layers: [any Layer]) {
        self.name = name
        self.input = input
        self.layers = layers
        if let fault { misuse(fault) }
    }

    /// The name of each layer: its kind and a number, counted from 1 for each kind.
    public var layerNames: [String] { Sequential.names(of: layers) }

    static func names(of layers: [any Layer]) -> [String] {
        var counts: [String: Int] = [:]
        return layers.map { layer in
            let kind = type(of: layer).kind
            counts[kind, default: 0] += 1
            return "\(kind)\(counts[kind] ?? 1)"
        }
    }

    /// The number of classes, if a layer reads the classes of the samples; else nil.
    public var classes: Int? { layers.lazy.compactMap(\.classes).first }

    /// The output for `x`.
    ///
    /// - Parameters:
    ///   - x: the input, [batch, ...].
    ///   - variables: declares the variables, or finds those already declared.
    ///   - classes: the classes of the samples, a row of weights for each, [batch, classes]: 1 at the class and 0
    ///     elsewhere. For networks with ``classes``.
    ///   - mode: whether batch normalization and dropout are those of training.
    ///   - pass: distinguishes the random numbers of several passes in one step.
    ///   - frozen: whether statistics are not updated.
    public func callAsFunction(
        _ x: Tensor, _ variables: Variables, classes: Tensor? = nil, mode: Mode = .inference,
        pass: String = "pass", frozen: Bool = false
    ) -> Tensor {
        variables.builder.scoped(name) {
            zip(layers, layerNames).reduce(x) { x, layer in
                variables.builder.scoped(layer.1) {
                    layer.0.apply(
                        x,
                        LayerContext(
                            mode: mode, frozen: frozen, path: "\(name).\(layer.1)", pass: pass,
                            variables: variables, classWeights: classes))
                }
            }
        }
    }

    /// Why the layers do not fit each other, with the layer's path and its input's shape; nil if they fit.
    package var fault: String? {
        if input.isEmpty || input.count > 3 || !Sequential.isReasonable(input) {
            return "\(name): the input cannot be \(input)"
        }
        // Bounds the time that checking a file can take.
        if layers.count > 1000 {
            return "\(name): a network has at most 1,000 layers, and not \(layers.count)"
        }
        var shape = input
        for (layer, layerName) in zip(layers, layerNames) {
            if let count = layer.classes, count != classes || !(2...256).contains(count) {
                return
                    "\(name).\(layerName) (\(type(of: layer).typeName)): all layers of a network read the same classes, "
                    + "2 to 256, and these are \(count) and \(classes ?? 0)"
            }
            if let fault = layer.fault(forSample: shape) {
                return "\(name).\(layerName) (\(type(of: layer).typeName)): samples of the shape "
                    + "\(Shape(shape)) come in, and \(fault)"
            }
            shape = Sequential(unchecked: name, input: shape, layers: [layer]).output
            if !Sequential.isReasonable(shape) {
                return
                    "\(name).\(layerName) (\(type(of: layer).typeName)): it makes samples of the shape "
                    + "\(Shape(shape)), which are larger than any that can be trained"
            }
        }
        return nil
    }

    /// At most 64 million values, so that no product of sizes can overflow, whatever a file says.
    private static func isReasonable(_ sample: [Int]) -> Bool {
        sample.allSatisfy((1...1_000_000).contains) && sample.reduce(1, *) <= 1 << 26
    }

    /// A network that is not checked.
    init(unchecked name: String, input: [Int], layers: [any Layer]) {
        self.name = name
        self.input = input
        self.layers = layers
    }

    /// The output shape of each layer for one sample, and the variables it declares.
    func trace() -> [(name: String, layer: any Layer, output: [Int], variables: [Variable])] {
        let variables = Variables(GraphBuilder())
        var x = variables.builder.feed("input", TensorType(Shape([1] + input)))
        let condition = classes.map { variables.builder.feed("classes", TensorType([1, $0])) }
        return zip(layers, layerNames).map { layer, layerName in
            let known = variables.declared.count
            let context = LayerContext(
                mode: .training, frozen: false, path: "\(name).\(layerName)", pass: "trace",
                variables: variables, classWeights: condition)
            x = variables.builder.scoped("\(name)/\(layerName)") { layer.apply(x, context) }
            return (
                layerName, layer, Array(x.shape.dimensions.dropFirst()),
                Array(variables.declared[known...])
            )
        }
    }

    /// The shape of one sample of its output.
    public var output: [Int] { trace().last?.output ?? input }

    /// Its variables, in order.
    public var variables: [Variable] { trace().flatMap(\.variables) }

    /// The number of values in its variables.
    public var parameterCount: Int { variables.map(\.shape.count).reduce(0, +) }
}

/// Collects layers; `if`, `switch` and `for` included.
@resultBuilder
public enum LayerBuilder {
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    public static func buildEither(first: [any Layer]) -> [any Layer] { first }
    public static func buildEither(second: [any Layer]) -> [any Layer] { second }
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildLimitedAvailability(_ part: [any Layer]) -> [any Layer] { part }
}

extension Sequential: Equatable {
    public static func == (a: Sequential, b: Sequential) -> Bool {
        a.name == b.name && a.input == b.input && a.layers.count == b.layers.count
            && zip(a.layers, b.layers).allSatisfy { $0.isEqual(to: $1) }
    }
}

extension Sequential: Codable {
    private enum Key: String, CodingKey { case name, input, layers }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(input, forKey: .input)
        try container.encode(kinds: layers, forKey: .layers)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let layers: [any Layer] = try container.decodeKinds(Layers.family, forKey: .layers)
        name = try container.decode(String.self, forKey: .name)
        input = try container.decode([Int].self, forKey: .input)
        self.layers = layers
        if let fault {
            throw DecodingError.dataCorruptedError(
                forKey: .layers, in: container, debugDescription: fault)
        }
    }
}
