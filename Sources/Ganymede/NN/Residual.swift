/// x + scale f(x), with f the layers inside (He et al., "Deep residual learning", 2016). Where f changes the shape, the
/// shortcut is a list of layers of its own.
/// ```swift
/// Residual {
///     Conv2D(64, kernelSize: 3, padding: .same); LeakyReLU(0.2)
///     Conv2D(64, kernelSize: 3, padding: .same)
/// }
/// ```
public struct Residual: Layer {
    public static let kind = "residual"
    /// The layers of f.
    public let layers: [any Layer]
    /// The layers of the shortcut; empty for the identity.
    public let shortcut: [any Layer]
    /// The factor of f.
    public let scale: Double

    /// A block of the given layers.
    public init(
        scale: Double = 1, @LayerBuilder layers: () -> [any Layer],
        @LayerBuilder shortcut: () -> [any Layer] = { [] }
    ) {
        self.layers = layers()
        self.shortcut = shortcut()
        self.scale = scale
    }

    public var mixesSamples: Bool { (layers + shortcut).contains { $0.mixesSamples } }
    public var classes: Int? { (layers + shortcut).lazy.compactMap(\.classes).first }

    public func fault(forSample shape: [Int]) -> String? {
        if !scale.isFinite { return "its scale is a number, and not \(scale)" }
        if shape.count > 3 { return "it takes samples of at most three axes" }
        let parts = [("residual", layers), ("shortcut", shortcut)].map {
            Sequential(unchecked: $0, input: shape, layers: $1)
        }
        if let fault = parts.lazy.compactMap(\.fault).first { return fault }
        let (made, kept) = (parts[0].output, parts[1].output)
        return made == kept
            ? nil
            : "its layers make \(Shape(made)) and its shortcut \(Shape(kept)), which cannot be added"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let made = context.apply(layers, named: "body", to: x)
        let kept = context.apply(shortcut, named: "shortcut", to: x)
        return kept + (scale == 1 ? made : made * scale)
    }
}

extension Residual {
    private enum Key: String, CodingKey { case layers, shortcut, scale }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kinds: layers, forKey: .layers)
        try container.encode(kinds: shortcut, forKey: .shortcut)
        try container.encode(scale, forKey: .scale)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func layers(_ key: Key) throws -> [any Layer] {
            container.contains(key)
                ? try container.decodeKinds(Layers.family, forKey: key) : []
        }
        self.layers = try layers(.layers)
        shortcut = try layers(.shortcut)
        scale = try container.decodeIfPresent(Double.self, forKey: .scale) ?? 1
    }

    public static func == (a: Residual, b: Residual) -> Bool {
        func same(_ a: [any Layer], _ b: [any Layer]) -> Bool {
            a.count == b.count && zip(a, b).allSatisfy { $0.isEqual(to: $1) }
        }
        return same(a.layers, b.layers) && same(a.shortcut, b.shortcut) && a.scale == b.scale
    }
}
