extension Preset {
    /// What `ganymede train` runs: a small conditional GAN that makes readable digits within ten seconds. The recipe was
    /// found by a measured search: see `docs/decisions/0019-the-flagship.md`.
    ///
    /// The generator's class vectors are short beside the noise. With 32 values or more some seeds learn one picture for
    /// each class, because the class outweighs the noise early on.
    public static let flagship = Preset(
        conditional: "flagship",
        about:
            "small, fast and modern: conditional on labels, R1 penalty, averaged weights; 6,000 steps of 64",
        sizes: quarterableSides.filter { $0 <= 64 }, batch: 64,
        pace: .steps(6_000, sampleEvery: 250, checkpointEvery: 2_000), grid: [10, 10],
        milestones: [0, 500, 1_000, 6_000]
    ) { size, channels, classes in
        let falling = Schedule.linear(from: 1e-3, to: 0, steps: 3_000..<6_000)
        // Seven or eight pixels a side at the start of the generator, four or less at the end of the discriminator.
        let doublings = size > 40 && size % 8 == 0 ? 3 : 2
        return try GAN(
            generator: Sequential("generator", input: [64]) {
                let side = size >> doublings
                if let classes { ClassEmbedding(classes: classes, 16) }
                Dense(side * side * 64, useBias: false)
                Reshape(side, side, 64)
                BatchNorm(momentum: 0.9)
                LeakyReLU(0.2)
                for _ in 1..<doublings {
                    ConvTranspose2D(64, kernelSize: 4, strides: 2, padding: .same, useBias: false)
                    BatchNorm(momentum: 0.9)
                    LeakyReLU(0.2)
                }
                ConvTranspose2D(channels, kernelSize: 4, strides: 2, padding: .same)
                Tanh()
            },
            discriminator: Sequential("discriminator", input: [size, size, channels]) {
                for (filters, kernel) in zip([32, 64, 128, 128], [4, 4, 3, 3]).prefix(doublings + 1)
                {
                    Conv2D(filters, kernelSize: Extent2D(kernel), strides: 2, padding: .same)
                    LeakyReLU(0.2)
                }
                Flatten()
                if let classes { ClassProjection(classes: classes) } else { Dense(1) }
            },
            regularizers: [R1(weight: 1, method: .random, sigma: 0.05)],
            step: SimultaneousStep(),
            generatorOptimizer: Adam(learningRate: falling, beta1: 0, beta2: 0.99),
            discriminatorOptimizer: Adam(learningRate: falling, beta1: 0, beta2: 0.99),
            ema: WeightAverage(decay: 0.998))
    }
}
