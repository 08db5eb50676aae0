extension Preset {
    /// Small networks for points of the plane. They show within a minute how a GAN covers several modes.
    public static let toy = Preset(
        name: "toy",
        about: "fully connected, for points of the plane (ring8, grid25); 20,000 steps of 512",
        sizes: [], batch: 512,
        pace: .steps(20_000, sampleEvery: 500, checkpointEvery: 5_000), grid: [50, 50],
        milestones: [0, 1_000, 20_000]
    ) { _, _ in
        try GAN(
            generator: Sequential("generator", input: [2]) {
                for _ in 0..<3 {
                    Dense(128)
                    ReLU()
                    BatchNorm(momentum: 0.9)
                }
                Dense(2)
            },
            discriminator: Sequential("discriminator", input: SampleExtent.point.shape) {
                for _ in 0..<3 {
                    Dense(128)
                    LeakyReLU(0.2)
                }
                Dense(1)
            },
            generatorOptimizer: Adam(learningRate: 5e-4, beta1: 0.5),
            discriminatorOptimizer: Adam(learningRate: 1e-3, beta1: 0.5))
    }
}
