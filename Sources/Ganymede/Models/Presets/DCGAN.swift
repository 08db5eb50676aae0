extension Preset {
    /// The deep convolutional GAN of TensorFlow's tutorial, after Radford, Metz and Chintala (2016): a generator of
    /// transposed convolutions, a convolutional discriminator, and both networks updated after one forward pass. 50
    /// epochs of batches of 256.
    public static let dcgan = Preset(
        name: "dcgan",
        about:
            "deep convolutional: transposed convolutions, both networks at once; 50 epochs of batches of 256",
        sizes: quarterableSides, batch: 256,
        pace: .epochs(50, of: nil, sampleEvery: 1, checkpointEvery: 1), grid: [4, 4]
    ) { size, channels in
        try GAN(
            generator: Sequential("generator", input: [100]) {
                let side = size / 4
                Dense(side * side * 256, useBias: false)
                BatchNorm()
                LeakyReLU()
                Reshape(side, side, 256)
                transposedConvolutions(channels)
            },
            discriminator: Sequential("discriminator", input: [size, size, channels]) {
                for filters in [64, 128] {
                    Conv2D(filters, kernelSize: 5, strides: 2, padding: .same)
                    LeakyReLU()
                    Dropout(0.3)
                }
                Flatten()
                Dense(1)
            },
            step: SimultaneousStep(),
            generatorOptimizer: Adam(learningRate: 1e-4),
            discriminatorOptimizer: Adam(learningRate: 1e-4))
    }

    /// The last layers of the generators of `dcgan` and `all-conv`, from a quarter of the image's side.
    @LayerBuilder
    static func transposedConvolutions(_ channels: Int) -> [any Layer] {
        for (filters, strides) in [(128, 1), (64, 2)] {
            ConvTranspose2D(
                filters, kernelSize: 5, strides: Extent2D(strides), padding: .same, useBias: false)
            BatchNorm()
            LeakyReLU()
        }
        ConvTranspose2D(channels, kernelSize: 5, strides: 2, padding: .same, useBias: false)
        Tanh()
    }
}
