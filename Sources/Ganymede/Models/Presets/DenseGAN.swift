extension Preset {
    /// The first GAN of a course assignment: dense networks, dropout in the discriminator, and labels of 0.9 for real
    /// images. 50 epochs, each of 128 batches of 128.
    public static let dense = course(
        "dense", "fully connected: noise 64, dropout in the discriminator, real labels of 0.9",
        sizes: anySide, generator: denseGenerator
    ) { size, channels in
        Sequential("discriminator", input: [size, size, channels]) {
            Flatten()
            for units in [1024, 512] {
                Dense(units)
                LeakyReLU(0.2)
                Dropout(0.3)
            }
            Dense(256)
            LeakyReLU(0.2)
            Dense(1)
        }
    }

    typealias Network = @Sendable (_ size: Int, _ channels: Int) -> Sequential

    /// The three GANs of the assignment share everything but the networks.
    static func course(
        _ name: String, _ about: String, sizes: [Int], generator: @escaping Network,
        discriminator: @escaping Network
    ) -> Preset {
        Preset(
            name: name, about: "\(about); 50 epochs of 128 batches of 128", sizes: sizes,
            batch: 128,
            pace: .epochs(50, of: 128, sampleEvery: 1, checkpointEvery: 10), grid: [10, 10]
        ) { size, channels in
            try GAN(
                generator: generator(size, channels),
                discriminator: discriminator(size, channels),
                loss: .nonSaturating(labelSmoothing: 0.1), step: ConcatenatedStep(),
                generatorOptimizer: Adam(learningRate: 1e-3),
                discriminatorOptimizer: Adam(learningRate: 2e-4, beta1: 0.5))
        }
    }

    static let denseGenerator: Network = { size, channels in
        Sequential("generator", input: [64]) {
            for units in [256, 512, 1024] {
                Dense(units)
                LeakyReLU(0.2)
            }
            Dense(size * size * channels)
            Tanh()
            Reshape(size, size, channels)
        }
    }
}
