import Ganymede

/// A preset at reduced width, as described in `Tests/Golden/systems/README.md`. It is derived from the preset, so that
/// the comparison with the frameworks covers the preset's topology.
struct GoldenSystem: CustomStringConvertible, Sendable {
    let name: String
    let gan: GAN
    var description: String { name }

    static let all: [GoldenSystem] = [
        GoldenSystem(name: "mlp", gan: mlp()), GoldenSystem(name: "dcgan", gan: dcgan),
        GoldenSystem(name: "dense", gan: course(.dense)),
        GoldenSystem(name: "conv-discriminator", gan: course(.convDiscriminator)),
        GoldenSystem(name: "all-conv", gan: course(.allConv)),
        GoldenSystem(name: "forger", gan: forger), GoldenSystem(name: "toy", gan: toy),
        GoldenSystem(name: "flagship", gan: flagship),
        GoldenSystem(name: "stacked", gan: stacked), GoldenSystem(name: "points", gan: points),
    ]

    static func named(_ name: String) -> GAN {
        guard let system = all.first(where: { $0.name == name }) else {
            fatalError("no golden system \(name)")
        }
        return system.gan
    }

    /// The preset has no dropout. It is added to test the discriminator's masks in separate batches.
    static func mlp(norm: (Double) -> any Layer = { BatchNorm(momentum: 0.8, epsilon: $0) }) -> GAN
    {
        var gan = Preset.mlp.made(8, 1).narrowed(
            noise: [16], generator: [256: 32, 512: 48, 1024: 64],
            discriminator: [512: 32, 256: 16])
        gan.generator = gan.generator.mapping { $0 is BatchNorm ? [norm(1e-3)] : [$0] }
        gan.discriminator = gan.discriminator.mapping {
            $0 is LeakyReLU ? [$0, Dropout(0.3)] : [$0]
        }
        let adam = Adam(learningRate: 2e-3, beta1: 0.5)
        (gan.generatorOptimizer, gan.discriminatorOptimizer) = (adam, adam)
        return gan
    }

    /// The preset for images of `size` pixels with the widths of the golden data.
    static func narrow(_ preset: Preset, size: Int) -> GAN {
        let gan = preset.made(size, 1)
        let places = size * size / 16
        switch preset.name {
        case "dcgan":
            return gan.narrowed(
                noise: [16], generator: [places * 256: places * 32, 256: 32, 128: 32, 64: 16],
                discriminator: [64: 16, 128: 32])
        case "forger":
            return gan.narrowed(
                noise: [16], generator: [places * 64: places * 32, 64: 32, 32: 16],
                discriminator: [64: 16, 128: 16, 256: 16, 512: 32])
        case "all-conv":
            return gan.narrowed(
                noise: gan.generator.input, generator: [64: 16, 128: 32],
                discriminator: [64: 16, 128: 32])
        default:
            let dense = [1024: 64, 512: 48, 256: 32]
            return gan.narrowed(
                noise: [16], generator: dense,
                discriminator: preset.name == "dense" ? dense : [64: 16, 128: 32])
        }
    }

    static var dcgan: GAN {
        var gan = narrow(.dcgan, size: 12)
        let adam = Adam(learningRate: 2e-3)
        (gan.generatorOptimizer, gan.discriminatorOptimizer) = (adam, adam)
        return gan
    }

    static func course(_ preset: Preset) -> GAN {
        var gan = narrow(preset, size: 12)
        gan.discriminatorOptimizer = Adam(learningRate: 2e-3, beta1: 0.5)
        return gan
    }

    static var toy: GAN {
        var gan = Preset.toy.made(0, 0).narrowed(
            noise: [2], generator: [128: 32], discriminator: [128: 32])
        let adam = Adam(learningRate: 2e-3, beta1: 0.5)
        (gan.generatorOptimizer, gan.discriminatorOptimizer) = (adam, adam)
        return gan
    }

    static var forger: GAN {
        var gan = narrow(.forger, size: 12)
        gan.generatorOptimizer = RMSprop(learningRate: 4e-4, decay: 3e-3, clipValue: 1e-3)
        gan.discriminatorOptimizer = RMSprop(learningRate: 8e-4, decay: 6e-3, clipValue: 1e-3)
        return gan
    }

    static var flagship: GAN {
        var gan = Preset.flagship.made(12, 1, classes: 3).narrowed(
            noise: [16], generator: [9 * 64: 9 * 8, 64: 8, 16: 4],
            discriminator: [32: 16, 64: 32, 128: 16])
        (gan.generatorOptimizer, gan.discriminatorOptimizer) = (falling(2e-3), falling(2e-3))
        gan.ema = WeightAverage(decay: 0.9)
        return gan
    }

    static var stacked: GAN {
        var gan = Preset.stacked.made(12, 3).narrowed(
            noise: [16], generator: [9 * 128: 9 * 8, 128: 8, 64: 8],
            discriminator: [64: 8, 128: 16])
        gan.generatorOptimizer = falling(1e-3)
        gan.discriminatorOptimizer = falling(2e-3)
        gan.ema = WeightAverage(decay: 0.9)
        return gan
    }

    static var points: GAN {
        var gan = Preset.points.made(0, 0).narrowed(
            noise: [2], generator: [128: 32], discriminator: [128: 32])
        let gamma = Schedule.cosine(from: 0.3, to: 0.01, steps: 0..<8)
        for index in gan.regularizers.indices { gan.regularizers[index].weight = gamma }
        (gan.generatorOptimizer, gan.discriminatorOptimizer) = (falling(2e-3), falling(2e-3))
        gan.ema = WeightAverage(decay: 0.9)
        return gan
    }

    private static func falling(_ rate: Double) -> Adam {
        Adam(learningRate: .linear(from: rate, to: 0, steps: 5..<12), beta1: 0, beta2: 0.99)
    }
}

extension Sequential {
    /// The same network with each layer replaced by others.
    func mapping(input: [Int]? = nil, _ replace: (any Layer) -> [any Layer]) -> Sequential {
        Sequential(name, input: input ?? self.input, layers: layers.flatMap(replace))
    }

    /// The same layers with other widths.
    fileprivate func narrowed(_ input: [Int], _ widths: [Int: Int]) -> Sequential {
        func narrow(_ width: Int) -> Int { widths[width] ?? width }
        return mapping(input: input) { layer in
            switch layer {
            case let dense as Dense: [Dense(narrow(dense.units), useBias: dense.useBias)]
            case let conv as Conv2D:
                [
                    Conv2D(
                        narrow(conv.filters), kernelSize: conv.kernelSize, strides: conv.strides,
                        padding: conv.padding, useBias: conv.useBias)
                ]
            case let conv as ConvTranspose2D:
                [
                    ConvTranspose2D(
                        narrow(conv.filters), kernelSize: conv.kernelSize, strides: conv.strides,
                        padding: conv.padding, useBias: conv.useBias)
                ]
            case let reshape as Reshape: [Reshape(reshape.shape.map(narrow))]
            case let embedding as ClassEmbedding:
                [ClassEmbedding(classes: embedding.classCount, narrow(embedding.outputDim))]
            default: [layer]
            }
        }
    }
}

extension GAN {
    fileprivate func narrowed(
        noise: [Int], generator: [Int: Int], discriminator: [Int: Int]
    ) -> GAN {
        var gan = self
        // Both are assigned, because one alone would not fit the other.
        gan.generator = self.generator.narrowed(noise, generator)
        gan.discriminator = self.discriminator.narrowed(self.discriminator.input, discriminator)
        return gan
    }
}

extension Preset {
    /// The GAN of a size that the preset supports.
    fileprivate func made(_ size: Int, _ channels: Int, classes: Int? = nil) -> GAN {
        do {
            return try make(Preset.Subject(size: size, channels: channels, classes: classes))
        } catch { fatalError("\(error)") }
    }
}

/// A golden system with a mistake in it.
struct Mutant: CustomStringConvertible, Sendable {
    let system: String
    let mistake: String
    let gan: GAN
    var description: String { "\(system): \(mistake)" }

    init(_ system: String, _ mistake: String, _ change: (inout GAN) -> Void) {
        self.system = system
        self.mistake = mistake
        var gan = GoldenSystem.named(system)
        change(&gan)
        self.gan = gan
    }

    static let all: [Mutant] = [
        Mutant("mlp", "flipped label") { $0.loss = NonSaturatingLoss(labelSmoothing: 1) },
        Mutant("mlp", "omitted mask") { $0.discriminator = withoutDropout($0.discriminator) },
        Mutant("mlp", "epsilon of batch normalization") {
            $0 = GoldenSystem.mlp(norm: { _ in BatchNorm(momentum: 0.8, epsilon: 1e-5) })
        },
        Mutant("mlp", "epsilon of Adam") {
            $0.discriminatorOptimizer = Adam(learningRate: 2e-3, beta1: 0.5, epsilon: 1e-8)
        },
        Mutant("mlp", "N-1 variance") {
            $0 = GoldenSystem.mlp(norm: { SampleVarianceNorm(epsilon: $0) })
        },
        Mutant("dcgan", "omitted mask") { $0.discriminator = withoutDropout($0.discriminator) },
        Mutant("dcgan", "odd pixel at the top and left") {
            $0.discriminator = paddedBefore($0.discriminator)
        },
        Mutant("dense", "no label smoothing") { $0.loss = NonSaturatingLoss() },
        Mutant("conv-discriminator", "odd pixel at the top and left") {
            $0.discriminator = paddedBefore($0.discriminator)
        },
        Mutant("conv-discriminator", "two updates") { $0.step = AlternatingStep() },
        Mutant("all-conv", "fakes in training mode") {
            $0.step = ConcatenatedStep(fakesInInference: false)
        },
        Mutant("all-conv", "momentum of batch normalization") {
            $0.generator = $0.generator.mapping {
                $0 is BatchNorm ? [BatchNorm(momentum: 0.9)] : [$0]
            }
        },
        Mutant("forger", "no decay") {
            $0.generatorOptimizer = RMSprop(learningRate: 4e-4, clipValue: 1e-3)
        },
        Mutant("forger", "epsilon of RMSprop") {
            $0.generatorOptimizer = RMSprop(
                learningRate: 4e-4, epsilon: 1e-8, decay: 3e-3, clipValue: 1e-3)
        },
        Mutant("forger", "no clipping") {
            $0.discriminatorOptimizer = RMSprop(learningRate: 8e-4, decay: 6e-3)
        },
        Mutant("forger", "omitted mask of the generator") {
            $0.generator = withoutDropout($0.generator)
        },
        Mutant("flagship", "half the penalty") {
            $0.regularizers = [R1(weight: 0.5)]
        },
        Mutant("flagship", "average without warmup") {
            $0.ema = WeightAverage(decay: 0.9, warmup: false)
        },
    ]

    private static func withoutDropout(_ network: Sequential) -> Sequential {
        network.mapping { $0 is Dropout ? [] : [$0] }
    }

    /// 12 pixels become 6, and 6 become 3, with the odd pixel on the wrong side.
    private static func paddedBefore(_ network: Sequential) -> Sequential {
        var side = 12
        return network.mapping { layer in
            guard let conv = layer as? Conv2D, side % 2 == 0 else { return [layer] }
            side /= 2
            return [
                ZeroPadding2D(before: 2, after: 1),
                Conv2D(conv.filters, kernelSize: conv.kernelSize, strides: conv.strides),
            ]
        }
    }
}

/// Batch normalization with PyTorch's moving variance: the mistake that the golden test must see.
private struct SampleVarianceNorm: Layer {
    static let kind = "batch_norm"
    var epsilon: Double

    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let y = BatchNorm(momentum: 0.8, epsilon: epsilon).apply(x, context)
        guard context.mode == .training else { return y }
        let channels: Shape = [x.shape[1]]
        let rows = Double(x.shape[0])
        let old = context.parameter("moving_variance", channels, .ones, trainable: false)
        let mean = x.mean(axes: [0])
        let centered = x - mean
        let extra = (centered * centered).mean(axes: [0]) * (0.2 / (rows - 1))
        context.update("moving_variance", to: old + extra)
        return y
    }
}
