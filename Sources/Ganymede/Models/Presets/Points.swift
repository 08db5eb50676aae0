extension Preset {
    /// For points of the plane: the loss and penalties of R3GAN (Huang et al., "The GAN is dead; long live the GAN!",
    /// 2024). The penalties fall, so that the discriminator becomes steep between modes, and a generator of rectified
    /// units, which can be flat, leaves few points between them. Batch normalization is left out: with it the points of
    /// training and inference differ by more than a mode's width.
    public static let points = Preset(
        name: "points",
        about: "for points of the plane, without lost modes (ring8, grid25); 40,000 steps of 256",
        sizes: [], batch: 256,
        pace: .steps(40_000, sampleEvery: 1_000, checkpointEvery: 10_000), grid: [50, 50],
        milestones: [0, 2_000, 40_000]
    ) { _, _ in
        let falling = Schedule.linear(from: 2e-3, to: 0, steps: 20_000..<40_000)
        let gamma = Schedule.cosine(from: 0.3, to: 0.01, steps: 0..<8_000)
        let adam = Adam(learningRate: falling, beta1: 0, beta2: 0.99)
        return try GAN(
            generator: Sequential("generator", input: [2]) {
                for _ in 0..<3 {
                    Dense(128)
                    ReLU()
                }
                Dense(2)
            },
            discriminator: Sequential("discriminator", input: SampleExtent.point.shape) {
                for _ in 0..<3 {
                    Dense(128)
                    LeakyReLU(0.2)
                }
                Dense(1)
            }, loss: .relativistic, regularizers: [R1(weight: gamma), R2(weight: gamma)],
            step: SimultaneousStep(), generatorOptimizer: adam, discriminatorOptimizer: adam,
            ema: WeightAverage(decay: 0.999))
    }
}
