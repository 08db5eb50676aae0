import FoundationEssentials

/// What must show in a run: a figure and the range where it must lie.
/// ```json
/// {"mean": "d_acc_fake", "last": 200, "from": 0.98, "to": 1}
/// {"metric": "fid", "from": 5, "to": 40}
/// {"signal": "diversity", "from": 0, "to": 0.6}
/// {"verdict": "mode-collapse", "shows": true}
/// ```
package struct Expectation: Decodable, Sendable {
    /// What a run shows of itself.
    struct Evidence {
        /// The lines of its journal.
        let reports: [StepReport]
        /// Its measurements of health, and what they mean.
        let doctor: Doctor
    }

    /// Where the figure comes from.
    package enum Kind: Sendable {
        /// A loss or an accuracy of the journal, in the mean of the last steps.
        case mean(last: Int)
        /// A metric of the evaluation after the last step.
        case metric
        /// A signal of the last measurement of health, or `largest_class`: the share of the most frequent class.
        case signal
        /// 1 if the last measurement of health gives the verdict, 0 if it does not.
        case verdict
    }

    /// Its name, such as `d_loss`.
    let name: String
    let kind: Kind
    /// Where the figure must lie.
    let range: ClosedRange<Double>

    package init(_ name: String, _ kind: Kind, in range: ClosedRange<Double>) {
        (self.name, self.kind, self.range) = (name, kind, range)
    }

    private enum Key: CodingKey { case mean, metric, signal, verdict, last, from, to, shows }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        if let name = try fields.decodeIfPresent(String.self, forKey: .verdict) {
            let shows = try fields.decode(Bool.self, forKey: .shows) ? 1.0 : 0
            self.init(name, .verdict, in: shows...shows)
            return
        }
        let (from, to) = (
            try fields.decode(Double.self, forKey: .from),
            try fields.decode(Double.self, forKey: .to)
        )
        guard from <= to else {
            throw DecodingError.dataCorruptedError(
                forKey: .from, in: fields, debugDescription: "from is above to")
        }
        if let name = try fields.decodeIfPresent(String.self, forKey: .metric) {
            self.init(name, .metric, in: from...to)
        } else if let name = try fields.decodeIfPresent(String.self, forKey: .signal) {
            self.init(name, .signal, in: from...to)
        } else {
            self.init(
                try fields.decode(String.self, forKey: .mean),
                .mean(last: try fields.decode(Int.self, forKey: .last)), in: from...to)
        }
    }

    /// What the figure is, such as `mean of the last 500 steps`.
    var about: String {
        switch kind {
        case .mean(let count): "mean of the last \(grouped(count)) steps"
        case .metric: "after the last step"
        case .signal, .verdict: "at the last measurement of health"
        }
    }

    /// The figure; nil if the run does not show it.
    func figure(_ evidence: Evidence) -> Double? {
        switch kind {
        case .mean(let count):
            let values = evidence.reports.suffix(count).compactMap { $0.value(called: name) }
            return values.count == count ? values.reduce(0, +) / Double(count) : nil
        case .metric: return evidence.reports.last?.metrics?[name]
        case .signal: return evidence.doctor.signals.last?.value(called: name)
        case .verdict:
            if evidence.doctor.signals.isEmpty { return nil }
            let shows = evidence.doctor.findings.contains {
                $0.isCurrent && $0.verdict.ailment == name
            }
            return shows ? 1 : 0
        }
    }
}

extension StepReport {
    /// A loss or an accuracy by its name in the journal; nil for other names.
    fileprivate func value(called name: String) -> Double? {
        switch name {
        case "d_loss": dLoss
        case "g_loss": gLoss
        case "d_acc": dAcc
        case "d_acc_real": dAccReal
        case "d_acc_fake": dAccFake
        case "g_acc": gAcc
        default: nil
        }
    }
}

extension HealthSignals {
    /// A signal by its name in `health.jsonl`, or `largest_class`; nil for other names, and what is not finite.
    fileprivate func value(called name: String) -> Double? {
        if name == "largest_class" { return classes?.max() }
        switch (try? JSONValue(encoding: self))?.leaves[name] {
        case .number(let value)?: return value
        case .integer(let value)?: return Double(value)
        default: return nil
        }
    }
}
