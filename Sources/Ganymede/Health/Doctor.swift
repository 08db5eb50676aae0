/// Explains what ails a run, finished or running, from its record.
public struct Doctor: Sendable {
    /// An ailment that showed in a run.
    public struct Finding: Codable, Equatable, Sendable {
        /// The latest verdict.
        public let verdict: Verdict
        /// The step at which it showed first.
        public let since: Int
        /// Whether the last measurement shows it.
        public let isCurrent: Bool
    }

    /// All measurements, in order.
    public let signals: [HealthSignals]
    /// Current ailments first.
    public let findings: [Finding]
    /// Whether only differences between the discriminator's outputs mean something.
    private let isRelative: Bool

    /// Reads the record of the run in `path`. Throws if there is no run.
    public init(_ path: String, registry: Registry = .standard) throws {
        let directory = try RunDirectory.open(path)
        try self.init(
            signals: HealthRecord.read(directory.healthPath),
            gan: directory.options(registry).gan)
    }

    /// The findings of some measurements.
    package init(signals: [HealthSignals], gan: GAN) throws {
        self.signals = signals
        isRelative = gan.loss.isRelative
        var found: [String: (verdict: Verdict, since: Int, count: Int)] = [:]
        for end in signals.indices {
            for verdict in Ailments.verdicts(signals[...end], gan) {
                let before = found[verdict.ailment]
                found[verdict.ailment] = (
                    verdict, before?.since ?? verdict.step, (before?.count ?? 0) + 1
                )
            }
        }
        let last = signals.last?.step
        // One that passed and showed once or twice is a beginning, which many healthy runs have.
        findings = found.values.filter { $0.verdict.step == last || $0.count > 2 }.map {
            Finding(verdict: $0.verdict, since: $0.since, isCurrent: $0.verdict.step == last)
        }.sorted { ($0.isCurrent ? 0 : 1, $0.since) < ($1.isCurrent ? 0 : 1, $1.since) }
    }

    /// Whether there is a measurement, and the last one shows no ailment.
    public var isHealthy: Bool { !signals.isEmpty && !findings.contains { $0.isCurrent } }

    /// The explanation, for a person.
    public var text: String {
        guard let last = signals.last else {
            return
                "There is no measurement. The first comes after a fiftieth of the steps, and a hundred at least; none with "
                + "health_every=0, of fewer than \(HealthProbe.samples) training samples, or with a packing that does not divide \(HealthProbe.samples)."
        }
        let current = findings.filter(\.isCurrent)
        var lines: [String] = []
        if current.isEmpty {
            lines.append("No complaint at step \(grouped(last.step)).")
            lines += summary(last).map { "  \($0)" }
        }
        for finding in findings {
            let verdict = finding.verdict
            lines.append(
                (finding.isCurrent ? "" : "Earlier, up to step \(grouped(verdict.step)): ")
                    + "\(verdict.finding) [\(verdict.ailment)]")
            lines.append(
                "  since step \(grouped(finding.since)); measured at step \(grouped(verdict.step)):"
            )
            lines += verdict.evidence.map { "  - \($0)" }
            if finding.isCurrent { lines.append("  What usually helps: \(verdict.advice)") }
        }
        return lines.joined(separator: "\n")
    }

    /// The main signals, a sentence each.
    private func summary(_ signals: HealthSignals) -> [String] {
        var lines = [
            "samples differ \(percent(signals.diversity)) as much as real ones",
            isRelative
                ? "the discriminator's output is \(short(signals.logitOnTraining)) on training and \(short(signals.logitOnGenerated)) on generated samples: only the difference means something"
                : "the discriminator classifies \(percent(signals.dAccReal)) of real and \(percent(signals.dAccFake)) of generated samples correctly",
        ]
        if let test = signals.realOnTest {
            lines.append(
                "it classifies \(percent(signals.realOnTraining)) of training and \(percent(test)) of test samples as real"
            )
        } else {
            lines.append(
                "whether it remembers its training samples is not measured: the data has no test split"
            )
        }
        return lines
    }
}
