extension Preset {
    /// The fully connected GAN of many introductions: a generator with three hidden layers and batch normalization, and
    /// a discriminator with two hidden layers. 30,000 alternating steps of 32 images.
    public static let mlp = Preset(
        name: "mlp",
        about:
            "fully connected: noise 100, three hidden layers, batch normalization; 30,000 steps of 32",
        sizes: anySide, batch: 32,
        pace: .steps(30_000, sampleEvery: 200, checkpointEvery: 5_000), grid: [5, 5],
        milestones: [0, 1_000, 10_000]
    ) { size, channels in
        try GAN(
            generator: Sequential("generator", input: [100]) {
                for units in [256, 512, 1024] {
                    Dense(units)
                    LeakyReLU(0.2)
                    BatchNorm(momentum: 0.8)
                }
                Dense(size * size * channels)
                Tanh()
                Reshape(size, size, channels)
            },
            discriminator: Sequential("discriminator", input: [size, size, channels]) {
                Flatten()
                for units in [512, 256] {
                    Dense(units)
                    LeakyReLU(0.2)
                }
                Dense(1)
            },
            generatorOptimizer: Adam(learningRate: 2e-4, beta1: 0.5),
            discriminatorOptimizer: Adam(learningRate: 2e-4, beta1: 0.5))
    }
}
