/// A layer whose `weight` is divided by its largest singular value, so that the layer is 1-Lipschitz (Miyato et al.,
/// "Spectral normalization for generative adversarial networks", 2018).
///
/// The weight is taken as a matrix [inputs, outputs], where a filter's rows and columns count as inputs. The singular
/// value is u W v with u and v from one power iteration a training step; `u` [outputs] is kept as a statistic.
public struct SpectralNorm: Layer {
    public static let kind = "spectral_norm"
    /// The layer inside, such as a convolution.
    public let layer: any Layer

    /// A normalized layer.
    public init(_ layer: some Layer) { self.layer = layer }

    public var mixesSamples: Bool { layer.mixesSamples }
    public var classes: Int? { layer.classes }

    public func fault(forSample shape: [Int]) -> String? {
        if let fault = layer.fault(forSample: shape) { return fault }
        let own = Sequential(unchecked: "inside", input: shape, layers: [layer])
        return own.variables.contains { $0.name == "inside.\(own.layerNames[0]).weight" }
            ? nil : "\(type(of: layer).typeName) has no weight of its own to normalize"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        layer.apply(
            x, context.changing(parameter: "weight") { self.normalized($0, context) })
    }

    private func normalized(_ weight: Tensor, _ context: LayerContext) -> Tensor {
        // The outputs of a transposed convolution are its last axis but one.
        let filters = layer is ConvTranspose2D ? weight.transpose([0, 1, 3, 2]) : weight
        let outputs = filters.shape[filters.shape.rank - 1]
        let matrix = filters.reshape([filters.shape.count / outputs, outputs])
        let fixed = matrix.stopGradient()
        let old = context.parameter(
            "u", [outputs], .normal(standardDeviation: 1), trainable: false
        ).stopGradient()
        let last = old.reshape([outputs, 1])
        let v = SpectralNorm.unit(fixed.matmul(last))
        let u: Tensor
        if context.mode == .training {
            u = SpectralNorm.unit(fixed.matmul(v, transposeA: true))
            if !context.frozen { context.update("u", to: u.reshape([outputs])) }
        } else {
            u = SpectralNorm.unit(last)
        }
        let sigma = (matrix.matmul(u) * v).sum()
        return weight / sigma
    }

    private static func unit(_ x: Tensor) -> Tensor {
        (x / ((x * x).sum() + 1e-12).sqrt()).stopGradient()
    }
}

extension SpectralNorm {
    private enum Key: String, CodingKey { case layer }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.superEncoder(forKey: .layer).encode(withKind: layer)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        layer = try container.superDecoder(forKey: .layer).decodeKind(Layers.family)
    }

    public static func == (a: SpectralNorm, b: SpectralNorm) -> Bool {
        a.layer.isEqual(to: b.layer)
    }
}
