/// Something that the caller can mend: what is wrong, and what to do.
public struct GanymedeError: Error, CustomStringConvertible, Equatable {
    /// Whose turn it is to act.
    public enum Kind: Sendable {
        /// A name, a range or a combination of options.
        case usage
        /// A file, its content, memory, or a run that went wrong.
        case world
    }
    /// Whose turn it is to act.
    public let kind: Kind
    /// One message for a person.
    public let description: String

    /// A wrong name, range or combination of options.
    public static func usage(_ message: String) -> GanymedeError {
        .init(kind: .usage, description: message)
    }
    /// A file, its content, memory, or a run that went wrong.
    public static func world(_ message: String) -> GanymedeError {
        .init(kind: .world, description: message)
    }
}

/// ` Did you mean "mlp"?` for a name that is nearly one of `known`, or an empty string.
public func suggestion(for name: String, among known: [String]) -> String {
    let ranked = known.map { ($0, editDistance(name.lowercased(), $0.lowercased())) }
    guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(2, name.count / 3) else {
        return ""
    }
    return " Did you mean \"\(best.0)\"?"
}

/// Levenshtein's distance.
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
