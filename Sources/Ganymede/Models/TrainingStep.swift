/// How the networks of a GAN are updated, and on what: one round, which is compiled as one program.
///
/// To add one, write a file like `Steps/AlternatingStep.swift` and its line in ``TrainingSteps/all``; a step of your own
/// goes into a ``Registry``. See `docs/adding-a-step.md`.
public protocol TrainingStep: Registrable {
    /// Builds the round: forward passes, losses, updates, reports.
    func build(_ step: StepBuilder)

    /// Why it cannot train this GAN; or nil.
    func fault(for gan: GAN) -> String?
}

extension TrainingStep {
    public static var family: KindFamily { TrainingSteps.family }
    /// It can train every GAN.
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
