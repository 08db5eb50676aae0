/// A loss whose discriminator minimises the binary cross-entropy -log D(x) - log(1 - D(G(z))) (Goodfellow et al., 2014).
/// Means over the batch.
public protocol CrossEntropyLoss: SeparableLoss {
    /// How far the discriminator's target for real images is below 1 (one-sided label smoothing; Salimans et al., "Improved
    /// techniques for training GANs", 2016).
    var labelSmoothing: Double { get }
}

extension CrossEntropyLoss {
    /// From 0 to 1.
    public var fault: String? {
        (0...1).contains(labelSmoothing)
            ? nil : "label smoothing is from 0 to 1, and not \(labelSmoothing)"
    }
    /// sigmoid(logit) is nowhere 0.
    public var fakeDerivativeIsNonzero: Bool { true }

    /// The cross-entropy with targets of 1 - ``labelSmoothing``.
    public func real(_ logits: Tensor) -> Tensor {
        logits.sigmoidCrossEntropy(target: 1 - labelSmoothing).mean()
    }
    /// The cross-entropy with targets of 0.
    public func fake(_ logits: Tensor) -> Tensor { logits.sigmoidCrossEntropy(target: 0).mean() }
}
