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

    public func fault(forSample shape: [Int]) -> String? { layer.fault(forSample: shape) }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        layer.apply(
            x,
            context.changing(parameter: "weight") { weight in
                SpectralNorm.normalized(weight, context)
            })
    }

    private static func normalized(_ weight: Tensor, _ context: LayerContext) -> Tensor {
        let outputs = weight.shape[weight.shape.rank - 1]
        let matrix = weight.reshape([weight.shape.count / outputs, outputs])
        let fixed = matrix.stopGradient()
        let old = context.parameter(
            "u", [outputs], .normal(standardDeviation: 1), trainable: false
        ).stopGradient()
        let v = unit(fixed.matmul(old.reshape([outputs, 1])))
        let u = unit(fixed.matmul(v, transposeA: true))
        if context.mode == .training && !context.frozen {
            context.update("u", to: u.reshape([outputs]))
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
