/// Every layer by its kind: what lets a checkpoint say which networks it holds.
public enum Layers {
    /// The registry.
    public static let all: [any Layer.Type] = [
        Dense.self, LeakyReLU.self, ReLU.self, Tanh.self, Sigmoid.self, BatchNorm.self,
        Dropout.self, Flatten.self, Reshape.self, Conv2D.self, ConvTranspose2D.self,
        UpSampling2D.self, MaxPool2D.self, AveragePool2D.self, ZeroPadding2D.self, LayerNorm.self,
        Embedding.self,
    ]

    static func type(of kind: String) -> (any Layer.Type)? { all.first { $0.kind == kind } }
}
