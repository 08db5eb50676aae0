/// A layer: a small value without weights, which declares its parameters when it is applied.
///
/// To add one, write a file like `Dense.swift` and its line in ``Layers/all``.
public protocol Layer: Registrable {
    /// Why the layer cannot take samples of this shape, or has invalid options; nil if it can.
    func fault(forSample shape: [Int]) -> String?

    /// Whether, while training, the output for one sample may depend on the others in its batch. If no layer of a
    /// discriminator mixes samples, the simultaneous schedule needs only one backward pass for both losses.
    var mixesSamples: Bool { get }

    /// The output for `x`, whose first axis is the batch. ``fault(forSample:)`` has accepted its shape.
    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor
}

extension Layer {
    public static var family: KindFamily { Layers.family }

    /// The type's name as `summary()` shows it.
    public static var typeName: String { "\(Self.self)" }

    /// True by default: slower, but always correct.
    public var mixesSamples: Bool { true }

    /// Takes every shape.
    public func fault(forSample shape: [Int]) -> String? { nil }
}

/// Training or inference.
public enum Mode: Sendable {
    /// Statistics of the batch, dropout active.
    case training
    /// Moving statistics, no dropout.
    case inference
}

/// What a layer receives besides its input.
public struct LayerContext {
    /// Training or inference.
    public let mode: Mode
    /// Whether the network only passes gradients on, without updating its statistics.
    public let frozen: Bool
    /// The layer's path, such as `generator.dense1`.
    public let path: String
    let pass: String
    let variables: Variables

    /// A parameter that is learned, or a statistic. It is declared on first use.
    ///
    /// - Parameters:
    ///   - name: such as `weight`; the layer's path is put before it.
    ///   - shape: extents.
    ///   - initializer: computes the first values.
    ///   - trainable: false for statistics, which no optimizer updates.
    public func parameter(
        _ name: String, _ shape: Shape, _ initializer: Initializer, trainable: Bool = true
    ) -> Tensor {
        variables.value(
            Variable(
                name: "\(path).\(name)", shape: shape, initializer: initializer,
                trainable: trainable))
    }

    /// A constant tensor.
    public func constant(_ shape: Shape, _ values: [Double]) -> Tensor {
        variables.builder.constant(shape, values)
    }

    /// Gives a parameter a new value without an optimizer.
    public func update(_ name: String, to value: Tensor) {
        variables.update("\(path).\(name)", to: value)
    }

    /// Random values, different for each layer, pass and step.
    public func random(_ distribution: Distribution, _ shape: Shape) -> Tensor {
        let stream = "\(pass)/\(path.replacing(".", with: "/"))"
        return variables.builder.random(distribution, shape, stream: stream)
    }
}

/// A named tensor of a run and its initializer.
public struct Variable: Sendable {
    /// Such as `generator.dense1.weight`.
    public let name: String
    /// Extents.
    public let shape: Shape
    /// How it is initialized.
    public let initializer: Initializer
    /// Whether an optimizer updates it.
    public let trainable: Bool
    /// The variable whose first value it takes in place of one of its own.
    package var startsAs: String?

    /// A variable of a network or of your own.
    public init(name: String, shape: Shape, initializer: Initializer, trainable: Bool = true) {
        self.init(
            name: name, shape: shape, initializer: initializer, trainable: trainable,
            startsAs: nil)
    }

    init(
        name: String, shape: Shape, initializer: Initializer, trainable: Bool, startsAs: String?
    ) {
        self.name = name
        self.shape = shape
        self.initializer = initializer
        self.trainable = trainable
        self.startsAs = startsAs
    }
}

extension StateStore {
    /// Gives every variable its first value, a function of the seed and of its name.
    public func initialize(_ variables: [Variable], seed: UInt64) {
        for variable in variables where variable.startsAs == nil {
            self[variable.name] = HostTensor(
                variable.shape,
                variable.initializer.values(variable.shape, name: variable.name, seed: seed))
        }
    }
}

/// The variables of a graph under construction: those declared so far, and each one's latest value.
public final class Variables {
    let builder: GraphBuilder
    /// In the order of declaration.
    public private(set) var declared: [Variable] = []
    private var latest: [String: Tensor] = [:]

    /// No variables yet.
    public init(_ builder: GraphBuilder) { self.builder = builder }

    /// The latest value of a variable, which is declared on first use.
    public func value(_ variable: Variable) -> Tensor {
        if let value = latest[variable.name] {
            if value.shape == variable.shape { return value }
            misuse("\(variable.name) is \(value.shape) and \(variable.shape)")
        }
        let value = builder.state(variable.name, TensorType(variable.shape))
        declared.append(variable)
        latest[variable.name] = value
        return value
    }

    /// Later readers see the new value as a constant: no gradient flows through an update.
    public func update(_ name: String, to value: Tensor) {
        latest[name] = value.stopGradient()
        builder.update(name, to: value)
    }
}
