/// One training step of a GAN: which network is updated on what. It is compiled as one program.
///
/// To add one, write a file like `AlternatingStep.swift` and its line in ``TrainingSteps/all``; a step of your own goes
/// into a ``Registry``. See `docs/adding-a-step.md`.
public protocol TrainingStep: Registrable {
    /// Builds the step: forward passes, losses, updates, reported values.
    func build(_ step: StepBuilder)

    /// Why it cannot train this GAN; nil if it can.
    func fault(for gan: GAN) -> String?
}

extension TrainingStep {
    public static var family: KindFamily { TrainingSteps.family }
    /// Nil: it can train every GAN.
    public func fault(for gan: GAN) -> String? { nil }
}

/// Every training step by its kind.
public enum TrainingSteps {
    /// The steps of the library.
    public static let all: [any TrainingStep.Type] = [
        AlternatingStep.self, ConcatenatedStep.self, SimultaneousStep.self,
    ]

    /// The steps, for a ``Registry``.
    public static let family = KindFamily("training step", all)
}
