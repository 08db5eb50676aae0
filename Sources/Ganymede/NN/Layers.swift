/// The layers by kind, for checkpoints that name the kinds of their networks' layers.
public enum Layers {
    /// The layers of the library.
    public static let all: [any Layer.Type] = [
        Dense.self, LeakyReLU.self, ReLU.self, Tanh.self, Sigmoid.self, BatchNorm.self,
        Dropout.self, Flatten.self, Reshape.self, Conv2D.self, ConvTranspose2D.self,
        UpSampling2D.self, MaxPool2D.self, AveragePool2D.self, ZeroPadding2D.self, LayerNorm.self,
        Embedding.self, GroupNorm.self, MinibatchStdDev.self, BilinearUpSampling2D.self,
        BilinearDownSampling2D.self, Residual.self, SpectralNorm.self, ClassEmbedding.self,
        ClassChannels.self, ClassProjection.self, ConditionalBatchNorm.self,
    ]

    /// The layers, for a ``Registry``.
    public static let family = KindFamily("layer", all)
}
