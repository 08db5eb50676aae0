extension Preset {
    /// A generator of upsampling and transposed convolutions, RMSprop with decay and clipped gradients, and pixels from
    /// 0 to 1. 100 epochs, sampled every tenth.
    public static let forger = Preset(
        name: "forger",
        about:
            "upsampling generator, discriminator of four convolutions, RMSprop; 100 epochs of batches of 128",
        sizes: quarterableSides, batch: 128,
        pace: .epochs(100, of: nil, sampleEvery: 10, checkpointEvery: 10), grid: [4, 4]
    ) { size, channels in
        try GAN(
            generator: Sequential("generator", input: [32]) {
                let side = size / 4
                Dense(side * side * 64)
                BatchNorm(momentum: 0.9)
                ReLU()
                Reshape(side, side, 64)
                Dropout(0.4)
                for (filters, grows) in [(32, true), (16, true), (8, false)] {
                    if grows { UpSampling2D() }
                    ConvTranspose2D(filters, kernelSize: 5, padding: .same)
                    BatchNorm(momentum: 0.9)
                    ReLU()
                }
                Conv2D(channels, kernelSize: 5, padding: .same)
                Sigmoid()
            },
            discriminator: Sequential("discriminator", input: [size, size, channels]) {
                for (filters, strides) in [(64, 2), (128, 2), (256, 2), (512, 1)] {
                    Conv2D(filters, kernelSize: 5, strides: Extent2D(strides), padding: .same)
                    ReLU()
                    Dropout(0.4)
                }
                Flatten()
                Dense(1)
            },
            step: ConcatenatedStep(), noise: .uniform, pixels: .unit,
            generatorOptimizer: RMSprop(learningRate: 4e-4, decay: 3e-8, clipValue: 1),
            discriminatorOptimizer: RMSprop(learningRate: 8e-4, decay: 6e-8, clipValue: 1))
    }
}
