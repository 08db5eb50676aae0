/// What went wrong outside the program: what it was asked for, or files, data, memory, numbers.
public enum GanymedeError: Error, CustomStringConvertible, Equatable {
    /// A wrong name, range or combination of options.
    case usage(String)
    /// A file, its content, memory, or a run that went wrong.
    case world(String)
    /// A step of training made NaN or infinity.
    ///
    /// - Parameters:
    ///   - step: counted from 1.
    ///   - tensor: the node that made it first, as text.
    ///   - checkpoint: the last good one, if there is any.
    case nonFinite(step: Int, tensor: String, checkpoint: String? = nil)

    /// Whether the caller asked for something that there is not, in contrast to a fault of files, data or numbers.
    public var isUsage: Bool { if case .usage = self { true } else { false } }

    /// One message for a person.
    public var description: String {
        switch self {
        case .usage(let message), .world(let message): message
        case .nonFinite(let step, let tensor, let checkpoint):
            "step \(step): a number is not finite. The first bad tensor is\n  \(tensor)"
                + (checkpoint.map {
                    "\nNothing was saved from it; the last good checkpoint is \(quoted($0))."
                } ?? "")
        }
    }
}

/// ` Did you mean "mlp"?` if `name` is close to one of `known`, else an empty string.
public func suggestion(for name: String, among known: [String]) -> String {
    let ranked = known.map { ($0, editDistance(name.lowercased(), $0.lowercased())) }
    guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(2, name.count / 3) else {
        return ""
    }
    return " Did you mean \"\(best.0)\"?"
}

/// The Levenshtein distance.
private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let replaced = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
