extension Preset {
    /// For images of many kinds without labels, such as stacked digits: as ``flagship``, with a wider discriminator and
    /// without classes. The recipe was found by the search in `docs/decisions/0019-the-flagship.md`.
    public static let stacked = Preset(
        adapting: "stacked", readsLabels: false,
        about: "for many kinds of images without labels, such as stacked-mnist; 50,000 steps of 64",
        sizes: quarterableSides.filter { $0 <= 64 }, batch: 64,
        pace: .steps(50_000, sampleEvery: 2_000, checkpointEvery: 10_000), grid: [10, 10],
        milestones: [0, 2_000, 10_000, 50_000]
    ) { subject in
        let networks = modernNetworks(subject, generator: 128, discriminator: [64, 128, 128])
        func falling(_ rate: Double) -> Schedule {
            .linear(from: rate, to: 0, steps: 25_000..<50_000)
        }
        return try GAN(
            generator: networks.generator, discriminator: networks.discriminator,
            regularizers: [R1(weight: 0.2)],
            step: SimultaneousStep(),
            generatorOptimizer: Adam(learningRate: falling(5e-4), beta1: 0, beta2: 0.99),
            discriminatorOptimizer: Adam(learningRate: falling(1e-3), beta1: 0, beta2: 0.99),
            ema: WeightAverage(decay: 0.999))
    }
}
