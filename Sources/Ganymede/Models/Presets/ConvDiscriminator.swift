extension Preset {
    /// The second GAN of the assignment: the dense generator, and a discriminator of three convolutions.
    public static let convDiscriminator = course(
        "conv-discriminator",
        "the generator of dense against a discriminator of three convolutions",
        sizes: anySide, generator: denseGenerator, discriminator: threeConvolutions)

    static let threeConvolutions: Network = { size, channels in
        Sequential("discriminator", input: [size, size, channels]) {
            for filters in [64, 128, 64] {
                Conv2D(filters, kernelSize: 5, strides: 2, padding: .same)
                LeakyReLU(0.2)
            }
            Flatten()
            Dense(1)
        }
    }
}
