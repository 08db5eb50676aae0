import Engine

extension Figure {
    /// `12.3 ± 0.1`, or the value alone.
    var text: String { short(value) + (spread.map { " ± \(short($0))" } ?? "") }
}

extension EvaluatorIdentity {
    /// `the evaluator 1a2b3c4d (mnist, 99.63 % right)`
    var text: String {
        "the evaluator \(digest.prefix(8)) (\(data), \(fixed(accuracy * 100, 2)) % right)"
    }
}

extension Evaluation {
    /// All of it for a person.
    public func text(of source: String) -> String {
        [heading(source), table, histogram].compactMap { $0 }.joined(separator: "\n\n")
    }

    /// Whether the same real samples stand beside both.
    func isJudged(as other: Evaluation) -> Bool {
        (data, samples, seed, evaluator) == (other.data, other.samples, other.seed, other.evaluator)
    }

    /// By whose eyes, to go on after the real samples' name.
    var viewpoint: String { evaluator.map { ", as \($0.text) sees them" } ?? "" }

    /// What was judged, and by what.
    public func heading(_ source: String) -> String {
        let sets = sets == 1 ? "one set" : "\(sets) sets"
        return
            "\(quoted(source)): \(sets) of \(grouped(samples)) samples, judged by as many of \(quoted(data))"
            + viewpoint
    }

    /// A table for a person: each figure with its spread, what real samples have in its place, and what it means; then
    /// the notes.
    public var table: String {
        let head = ["", "generated", "real", ""]
        let rows = figures.map { [$0.name, $0.text, short($0.real), $0.about] }
        var lines = [aligned([head] + rows)]
        if let chance { lines.append(chance) }
        return (lines + notes).joined(separator: "\n")
    }

    /// What chance alone makes of `mode_kl`, where that was computed.
    var chance: String? {
        guard let modeBias, figure("mode_kl") != nil || figure("mode_kl_uniform") != nil else {
            return nil
        }
        return
            "Chance alone gives \(grouped(samples)) samples a mode_kl of \(short(modeBias)), (K - 1) / 2N."
    }

    /// The share of each class in per cent, and a bar as long as the share of samples; nil where classes are too many
    /// for a table, or not known.
    public var histogram: String? {
        guard (1...25).contains(classes.count) else { return nil }
        let most = classes.map(\.generated).max() ?? 0
        let rows = classes.map { share in
            let bar = Int((share.generated / max(most, .leastNonzeroMagnitude) * 30).rounded())
            return [
                share.name, fixed(share.generated * 100, 1), fixed(share.real * 100, 1),
                String(repeating: "#", count: bar),
            ]
        }
        return aligned([["class", "generated, %", "real, %", ""]] + rows)
    }
}
