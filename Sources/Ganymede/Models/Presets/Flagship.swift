extension Preset {
    /// What `ganymede train` runs: a small conditional GAN that makes readable digits within ten seconds. The recipe was
    /// found by a measured search: see `docs/decisions/0019-the-flagship.md`.
    ///
    /// The generator's class vectors are short beside the noise. With 32 values or more some seeds learn one picture for
    /// each class, because the class outweighs the noise early on.
    public static let flagship = Preset(
        adapting: "flagship", readsLabels: true,
        about:
            "small, fast and modern: conditional on labels, R1 penalty, averaged weights; 7,000 steps of 64",
        sizes: quarterableSides.filter { $0 <= 64 }, batch: 64,
        pace: .steps(7_000, sampleEvery: 250, checkpointEvery: 2_000), grid: [10, 10],
        milestones: [0, 500, 1_000, 7_000]
    ) { subject in
        let falling = Schedule.linear(from: 1e-3, to: 0, steps: 3_500..<7_000)
        let networks = modernNetworks(subject, generator: 64, discriminator: [32, 64, 128])
        return try GAN(
            generator: networks.generator, discriminator: networks.discriminator,
            regularizers: [R1(weight: 1)], step: SimultaneousStep(),
            generatorOptimizer: Adam(learningRate: falling, beta1: 0, beta2: 0.99),
            discriminatorOptimizer: Adam(learningRate: falling, beta1: 0, beta2: 0.99),
            ema: WeightAverage(decay: 0.998), augmentation: augmentation(for: subject))
    }

    /// Below this number of images the discriminator sees them changed at random, so that it does not memorize them.
    private static let fewImages = 5_000

    /// Without changes of contrast: colours are part of what few pictures show, and with them changed the generator's
    /// variety fell.
    private static func augmentation(for subject: Subject) -> [ImageAugmentation] {
        (subject.count ?? fewImages) < fewImages ? [.translation, .cutout] : []
    }

    /// A generator of transposed convolutions with batch normalization, and a discriminator of convolutions without. The
    /// class is an embedding of 16 values beside 64 of noise, and a projection.
    ///
    /// - Parameters:
    ///   - width: the generator's channels at its first, smallest side.
    ///   - filters: the discriminator's channels, each after half the side.
    static func modernNetworks(
        _ subject: Subject, generator width: Int, discriminator filters: [Int]
    ) -> (generator: Sequential, discriminator: Sequential) {
        let (size, channels) = (subject.size, subject.channels)
        // Seven or eight pixels a side at the start of the generator, four or less at the end of the discriminator.
        let doublings = size > 40 && size % 8 == 0 ? 3 : 2
        let generator = Sequential("generator", input: [64]) {
            let side = size >> doublings
            if let classes = subject.classes { ClassEmbedding(classes: classes, 16) }
            Dense(side * side * width, useBias: false)
            Reshape(side, side, width)
            BatchNorm(momentum: 0.9)
            LeakyReLU(0.2)
            for _ in 1..<doublings {
                ConvTranspose2D(64, kernelSize: 4, strides: 2, padding: .same, useBias: false)
                BatchNorm(momentum: 0.9)
                LeakyReLU(0.2)
            }
            ConvTranspose2D(channels, kernelSize: 4, strides: 2, padding: .same)
            Tanh()
        }
        let extra = doublings == 3 ? [filters[filters.count - 1]] : []
        let discriminator = Sequential("discriminator", input: [size, size, channels]) {
            for (index, count) in (filters + extra).enumerated() {
                Conv2D(
                    count, kernelSize: index < 2 ? 4 : 3, strides: 2, padding: .same)
                LeakyReLU(0.2)
            }
            Flatten()
            if let classes = subject.classes { ClassProjection(classes: classes) } else { Dense(1) }
        }
        return (generator, discriminator)
    }
}
