/// What is wrong with a run, with the evidence and what usually helps. Two signals agree on it.
public struct Verdict: Codable, Equatable, Sendable {
    /// The name of the ailment, such as `mode-collapse`.
    public let ailment: String
    /// The step of the measurement that shows it.
    public let step: Int
    /// One plain sentence.
    public let finding: String
    /// Each signal with its figure and its limit.
    public let evidence: [String]
    /// The one change that usually helps.
    public let advice: String
}

/// A way for a GAN to fail, and how it shows. The limits were measured: see `docs/health.md`.
///
/// To add one, write a type in `Ailments.swift` and its line in ``Ailments/all``.
protocol Ailment: Sendable {
    /// Its name in `doctor --json`.
    static var name: String { get }
    /// The verdict on the last of some measurements; nil if it does not show.
    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict?
}

/// Every ailment.
public enum Ailments {
    static let all: [any Ailment.Type] = [
        NonFinite.self, Divergence.self, SaturatedDiscriminator.self, ModeCollapse.self,
        RotatingModes.self, Memorization.self, StuckGenerator.self,
    ]

    /// The names of all ailments.
    public static let names = all.map { $0.name }

    /// The verdicts on the last of some measurements.
    public static func verdicts(_ history: some Sequence<HealthSignals>, _ gan: GAN) -> [Verdict] {
        let history = Array(history)[...]
        return all.compactMap { $0.verdict(history, gan) }
    }
}
