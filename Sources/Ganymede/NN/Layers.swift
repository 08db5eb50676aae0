/// Every layer by its kind: what lets a checkpoint say which networks it holds.
public enum Layers {
    /// The registry.
    public static let all: [any Layer.Type] = [
        Dense.self, LeakyReLU.self, ReLU.self, Tanh.self, Sigmoid.self, BatchNorm.self,
        Dropout.self, Flatten.self, Reshape.self,
    ]

    static func type(of kind: String) -> (any Layer.Type)? { all.first { $0.kind == kind } }
}
