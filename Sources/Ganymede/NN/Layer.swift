/// A layer: a small value without weights, which declares its parameters when it is applied.
///
/// To add one, write a file like `Dense.swift` and its line in ``Layers/all``.
public protocol Layer: Registrable {
    /// Why the layer cannot take samples of this shape, or has invalid options; nil if it can.
    func fault(forSample shape: [Int]) -> String?

    /// Whether, while training, the output for one sample may depend on the others in its batch. If no layer of a
    /// discriminator mixes samples, the simultaneous schedule needs only one backward pass for both losses.
    var mixesSamples: Bool { get }

    /// The number of classes, if it reads the classes of its samples; else nil.
    var classes: Int? { get }

    /// The output for `x`, whose first axis is the batch. ``fault(forSample:)`` has accepted its shape.
    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor
}

extension Layer {
    public static var family: KindFamily { Layers.family }

    /// The type's name as `summary()` shows it.
    public static var typeName: String { "\(Self.self)" }

    /// True by default: slower, but always correct.
    public var mixesSamples: Bool { true }

    /// Nil: it does not read classes.
    public var classes: Int? { nil }

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
    public fileprivate(set) var path: String
    let pass: String
    let variables: Variables
    /// The classes of the samples, a row of weights for each, [N, classes]; nil for networks without classes.
    var classWeights: Tensor?
    /// A function of one of the parameters, as in ``SpectralNorm``.
    var change: (parameter: String, function: (Tensor) -> Tensor)?

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
        let value = variables.value(
            Variable(
                name: "\(path).\(name)", shape: shape, initializer: initializer,
                trainable: trainable))
        if let change, change.parameter == name { return change.function(value) }
        return value
    }

    /// The classes of the samples: a row for each, 1 at its class and 0 elsewhere, or weights of several classes;
    /// [N, `classes`].
    public func condition(_ classes: Int) -> Tensor {
        guard let classWeights, classWeights.shape[1] == classes else {
            misuse(
                "\(path) needs the classes of its samples, out of \(classes), and was given "
                    + (classWeights.map { "\($0.type)" } ?? "none"))
        }
        return classWeights
    }

    /// The same, with a function applied to one parameter.
    func changing(parameter: String, _ function: @escaping (Tensor) -> Tensor) -> LayerContext {
        var copy = self
        copy.change = (parameter, function)
        return copy
    }

    /// Layers inside this one, whose variables are called `PATH.NAME.LAYER.…`.
    func apply(_ layers: [any Layer], named name: String, to x: Tensor) -> Tensor {
        zip(layers, Sequential.names(of: layers)).reduce(x) { x, layer in
            var inner = self
            inner.path = "\(path).\(name).\(layer.1)"
            inner.change = nil
            return variables.builder.scoped("\(name).\(layer.1)") { layer.0.apply(x, inner) }
        }
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

    /// The moving average of this variable: `generator.ema.dense1.weight` for `generator.dense1.weight`.
    var average: Variable {
        Variable(
            name: name(inserting: "ema"), shape: shape, initializer: initializer, trainable: false,
            startsAs: name)
    }

    /// The name of a state that belongs to this variable: `generator.dense1.weight` becomes
    /// `generator.adam.m.dense1.weight`.
    func name(inserting part: String) -> String {
        let network = name.prefix { $0 != "." }
        return "\(network).\(part).\(name.dropFirst(network.count + 1))"
    }

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
    /// Whether each variable is read from the state of its moving average.
    private let averages: Bool

    /// No variables yet.
    public init(_ builder: GraphBuilder) {
        self.builder = builder
        averages = false
    }

    /// No variables yet; each one's values are those of its moving average.
    init(_ builder: GraphBuilder, averages: Bool) {
        self.builder = builder
        self.averages = averages
    }

    /// The latest value of a variable, which is declared on first use.
    public func value(_ variable: Variable) -> Tensor {
        if let value = latest[variable.name] {
            if value.shape == variable.shape { return value }
            misuse("\(variable.name) is \(value.shape) and \(variable.shape)")
        }
        let state = averages ? variable.average.name : variable.name
        let value = builder.state(state, TensorType(variable.shape))
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
