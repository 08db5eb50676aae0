/// What discriminator and generator minimise, of logits [batch, 1]. Means over the batch.
public enum AdversarialLoss: String, Codable, Sendable, CaseIterable {
    /// The generator minimises -log D(G(z)): the form with useful gradients early on
    /// (Goodfellow et al., 2014, section 3).
    case nonSaturating = "non-saturating"
    /// The generator minimises log(1 - D(G(z))): the original game.
    case minimax

    /// -log D(x), with the real label lowered by `labelSmoothing` (one-sided; Salimans et al., 2016).
    package func real(_ logits: Tensor, labelSmoothing: Double) -> Tensor {
        logits.sigmoidCrossEntropy(target: 1 - labelSmoothing).mean()
    }

    /// -log(1 - D(G(z))).
    package func fake(_ logits: Tensor) -> Tensor { logits.sigmoidCrossEntropy(target: 0).mean() }

    /// What the generator minimises.
    package func generator(_ logits: Tensor) -> Tensor {
        switch self {
        case .nonSaturating: logits.sigmoidCrossEntropy(target: 1).mean()
        case .minimax: -logits.sigmoidCrossEntropy(target: 0).mean()
        }
    }
}
