import Engine

extension Figure {
    /// `12.3 ± 0.1`, or the value alone.
    var text: String { short(value) + (spread.map { " ± \(short($0))" } ?? "") }
}

extension EvaluatorIdentity {
    /// `the evaluator 1a2b3c4d (mnist, accuracy 99.63 %)`
    var text: String {
        "the evaluator \(digest.prefix(8)) (\(data), accuracy \(fixed(accuracy * 100, 2)) %)"
    }
}

extension Evaluation {
    /// The heading, table and histogram as text.
    public func text(of source: String) -> String { text(of: source, within: nil) }

    /// The same for a terminal of some columns.
    package func text(of source: String, within columns: Int?) -> String {
        [heading(source), table(within: columns), histogram].compactMap { $0 }
            .joined(separator: "\n\n")
    }

    /// Whether both used the same reference set and evaluator, so that they can be compared.
    func isComparable(with other: Evaluation) -> Bool {
        (data, samples, seed, evaluator) == (other.data, other.samples, other.seed, other.evaluator)
    }

    /// Names the evaluator, to follow the reference set's name.
    var viewpoint: String { evaluator.map { ", by \($0.text)" } ?? "" }

    /// Names the evaluated samples and the reference set.
    public func heading(_ source: String) -> String {
        let sets = sets == 1 ? "one set" : "\(sets) sets"
        return
            "\(quoted(source)): \(sets) of \(grouped(samples)) samples, compared with as many of \(quoted(data))"
            + viewpoint
    }

    /// A table of all metrics: the value with its spread, the value of real samples, and the meaning; then the notes.
    public var table: String { table(within: nil) }

    private func table(within columns: Int?) -> String {
        let rows = figures.map { [$0.name, $0.text, short($0.real)] }
        var lines = [
            aligned(
                [["", "generated", "real"]] + rows, explained: [""] + figures.map(\.about),
                within: columns)
        ]
        if let chance { lines.append(chance) }
        return (lines + notes).joined(separator: "\n")
    }

    /// The expected `mode_kl` of a perfect generator, if `mode_kl` was computed.
    var chance: String? {
        guard let modeBias, figure("mode_kl") != nil || figure("mode_kl_uniform") != nil else {
            return nil
        }
        return
            "Chance alone gives \(grouped(samples)) samples a mode_kl of \(short(modeBias)), (K - 1) / 2N for K classes."
    }

    /// The percentage of each class with a bar; nil if there are no classes or too many for a table.
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
