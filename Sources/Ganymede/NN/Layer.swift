/// A layer: a small value without weights, which declares its parameters while it is applied.
///
/// To add one, write a file like `Dense.swift` and its line in ``Layers/all``.
public protocol Layer: Codable, Equatable, Sendable {
    /// The name in files and paths, in snake case: `dense` makes `generator.dense1`.
    static var kind: String { get }

    /// Why the layer cannot take samples of this shape, its own numbers included; nil where it can.
    func fault(forSample shape: [Int]) -> String?

    /// Whether, while training, the output for one sample may depend on the others in its batch. A discriminator whose
    /// layers all say false needs one backward pass for both losses of the simultaneous schedule.
    var mixesSamples: Bool { get }

    /// The output for `x`, whose first axis is the batch, and which ``fault(forSample:)`` has let pass.
    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor
}

extension Layer {
    /// The type's name as `summary()` shows it.
    public static var typeName: String { "\(Self.self)" }

    /// True unless the layer says otherwise: the slower way, which is always right.
    public var mixesSamples: Bool { true }

    /// Takes every shape.
    public func fault(forSample shape: [Int]) -> String? { nil }

    func isEqual(to other: any Layer) -> Bool { (other as? Self) == self }
}

/// Whether a network learns or is used.
public enum Mode: Sendable {
    /// Statistics of the batch, dropout active.
    case training
    /// Moving statistics, no dropout.
    case inference
}

/// What a layer gets besides its input.
public struct LayerContext {
    /// Whether the network learns or is used.
    public let mode: Mode
    /// The network only passes gradients on: its statistics stay as they are.
    public let frozen: Bool
    /// The layer's path, such as `generator.dense1`.
    public let path: String
    let pass: String
    let variables: Variables

    /// A tensor that is learned, or kept beside what is learned.
    ///
    /// - Parameter trainable: false for statistics, which no optimizer touches.
    public func parameter(
        _ name: String, _ shape: Shape, _ initializer: Initializer, trainable: Bool = true
    ) -> Tensor {
        variables.value(
            Variable(
                name: "\(path).\(name)", shape: shape, initializer: initializer,
                trainable: trainable))
    }

    /// Numbers that never change.
    public func constant(_ shape: Shape, _ values: [Double]) -> Tensor {
        variables.builder.constant(shape, values)
    }

    /// Gives a parameter a new value without an optimizer.
    public func update(_ name: String, to value: Tensor) {
        variables.update("\(path).\(name)", to: value)
    }

    /// Random numbers of this layer's own in each pass and step.
    public func random(_ distribution: Distribution, _ shape: Shape) -> Tensor {
        let stream = "\(pass)/\(path.replacing(".", with: "/"))"
        return variables.builder.random(distribution, shape, stream: stream)
    }
}

/// A named tensor of a run, and how it starts.
public struct Variable: Sendable {
    /// Such as `generator.dense1.weight`.
    public let name: String
    /// Extents.
    public let shape: Shape
    /// Its first value.
    public let initializer: Initializer
    /// Whether an optimizer changes it.
    public let trainable: Bool
}

/// The variables of a graph under construction: those declared so far, and each one's latest value.
public final class Variables {
    let builder: GraphBuilder
    /// In the order of declaration.
    public private(set) var declared: [Variable] = []
    private var latest: [String: Tensor] = [:]

    package init(_ builder: GraphBuilder) { self.builder = builder }

    /// The latest value of a variable, which this declares if it is new.
    package func value(_ variable: Variable) -> Tensor {
        if let value = latest[variable.name] {
            if value.shape == variable.shape { return value }
            misuse("\(variable.name) is \(value.shape) and \(variable.shape)")
        }
        let value = builder.state(variable.name, TensorType(variable.shape))
        declared.append(variable)
        latest[variable.name] = value
        return value
    }

    /// Later readers see the new value as a constant: nothing is differentiated through an update.
    func update(_ name: String, to value: Tensor) {
        latest[name] = value.stopGradient()
        builder.update(name, to: value)
    }
}
