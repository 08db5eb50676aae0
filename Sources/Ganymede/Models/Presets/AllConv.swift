extension Preset {
    /// The third GAN of the assignment: convolutional except for the discriminator's last layer, with noise that is an
    /// image.
    public static let allConv = course(
        "all-conv",
        "convolutions on both sides: noise of 8x8 pixels, no dense layer in the generator",
        sizes: quarterableSides,
        generator: { size, channels in
            Sequential("generator", input: [size / 4 + 1, size / 4 + 1, 1]) {
                Conv2D(64, kernelSize: 2)
                BatchNorm()
                LeakyReLU()
                transposedConvolutions(channels)
            }
        }, discriminator: threeConvolutions)
}
