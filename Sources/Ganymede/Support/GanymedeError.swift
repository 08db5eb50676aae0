/// What went wrong outside the program: what it was asked for, or files, data, memory, numbers.
public enum GanymedeError: Error, Equatable {
    // Asked for wrongly.
    /// A name that is none: of a preset, a metric, a kind, an option.
    case unknownName(Message)
    /// A value out of range, options that exclude each other, or parts that do not fit each other.
    case invalidOption(Message)

    // Files and folders.
    /// There is no run, checkpoint, dataset or evaluator.
    case notFound(Message)
    /// A file that cannot be opened or read.
    case fileUnreadable(Message)
    /// A file or folder that cannot be made or written.
    case fileUnwritable(Message)
    /// A file whose content is not what it should be.
    case fileMalformed(Message)
    /// Something is where something new was to be.
    case fileExists(Message)
    /// Another process writes into the run.
    case runInUse(Message)
    /// Files, options or shapes that do not belong together.
    case mismatch(Message)
    /// Something could not be fetched.
    case downloadFailed(Message)

    // Data and numbers.
    /// Samples that cannot be used for this.
    case dataUnsuitable(Message)
    /// Fewer samples than this takes.
    case tooFewSamples(Message)
    /// A metric that would mean nothing for these samples.
    case metricUndefined(Message)
    /// A step of training made NaN or infinity.
    ///
    /// - Parameters:
    ///   - step: counted from 1.
    ///   - tensor: the node that made it first, as text; or the variable.
    ///   - checkpoint: the last good one, if there is any.
    case nonFinite(step: Int, tensor: String, checkpoint: String? = nil)

    // The machine.
    /// More memory than there is.
    case outOfMemory(Message)
    /// What this processor or system cannot do.
    case unsupported(Message)

    /// Whether the caller asked for something that there is not, in contrast to a fault of files, data or the machine.
    public var isUsage: Bool {
        switch self {
        case .unknownName, .invalidOption: true
        default: false
        }
    }

    /// Whether a file is damaged, missing or unreadable.
    var isFileError: Bool {
        switch self {
        case .fileMalformed, .fileUnreadable, .notFound: true
        default: false
        }
    }

    /// Whether a file or folder cannot be made or written.
    var isWriteError: Bool {
        if case .fileUnwritable = self { true } else { false }
    }

    /// The same error about a file or files, with more text; other errors as they are.
    package func adding(_ text: Message) -> GanymedeError {
        switch self {
        case .fileMalformed(let message): .fileMalformed(message + text)
        case .fileUnreadable(let message): .fileUnreadable(message + text)
        case .notFound(let message): .notFound(message + text)
        case .mismatch(let message): .mismatch(message + text)
        default: self
        }
    }

    /// One message for a person.
    public var message: Message {
        switch self {
        case .unknownName(let message), .invalidOption(let message), .notFound(let message),
            .fileUnreadable(let message), .fileUnwritable(let message),
            .fileMalformed(let message), .fileExists(let message), .runInUse(let message),
            .mismatch(let message), .downloadFailed(let message), .dataUnsuitable(let message),
            .tooFewSamples(let message), .metricUndefined(let message), .outOfMemory(let message),
            .unsupported(let message):
            return message
        case .nonFinite(let step, let tensor, let checkpoint):
            let left = checkpoint.map {
                "\nNothing was saved from it; the last good checkpoint is \(quoted($0))."
            }
            return
                "step \(step): NaN or infinity. The first bad tensor is\n  \(tensor)\(left ?? "")\(advice: "\nTry a lower learning rate: --set generator_optimizer.learning_rate=... and discriminator_optimizer.learning_rate=...")"
        }
    }
}

extension GanymedeError: CustomStringConvertible {
    /// The message as a program reads it.
    public var description: String { message.description }
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
