/// A sentence for a person, who calls the library or types a command. Names of options and advice stand in it as such:
/// a program reads `batch is at least 1`, the command prints `--batch is at least 1`, and only the command prints advice
/// that is a command.
/// ```swift
/// "a batch of \(batch) is more than there is\(advice: ": lower \(option: "batch")")"
/// ```
public struct Message: Sendable, Equatable, CustomStringConvertible {
    private enum Part: Sendable, Equatable {
        case text(String)
        case option(String)
        case advice(Message)
    }

    private var parts: [Part] = []

    /// For a program: options by the names that they have in `config.json`, and no advice.
    public var description: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .option(let name): name
            case .advice: ""
            }
        }.joined()
    }

    /// For who types commands: options as flags, and advice.
    package var forCommands: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .option(let name): "--" + name.replacing("_", with: "-")
            case .advice(let message): message.forCommands
            }
        }.joined()
    }

    private mutating func append(_ text: String) {
        if text.isEmpty { return }
        if case .text(let before) = parts.last {
            parts[parts.count - 1] = .text(before + text)
        } else {
            parts.append(.text(text))
        }
    }

    /// A message without options and advice.
    public init(_ text: String) { append(text) }

    /// Both one after the other.
    package static func + (a: Message, b: Message) -> Message {
        var sum = a
        for part in b.parts {
            if case .text(let text) = part { sum.append(text) } else { sum.parts.append(part) }
        }
        return sum
    }
}

extension Message {
    /// A message and a text.
    package static func + (a: Message, b: String) -> Message { a + Message(b) }
}

extension Message: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(value) }
    public init(stringInterpolation: Collector) { self = stringInterpolation.message }

    /// Collects the parts of an interpolated message.
    public struct Collector: StringInterpolationProtocol {
        fileprivate var message = Message("")

        /// An empty message.
        public init(literalCapacity: Int, interpolationCount: Int) {}
        public mutating func appendLiteral(_ literal: String) { message.append(literal) }

        /// Any value, as it describes itself.
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            message.append("\(value)")
        }
        /// Any value, as Swift prints it.
        public mutating func appendInterpolation<Value>(_ value: Value) {
            message.append("\(value)")
        }
        /// Another message, with its options and advice.
        public mutating func appendInterpolation(_ value: Message) {
            message = message + value
        }
        /// The name of an option, in snake case.
        public mutating func appendInterpolation(option: String) {
            message.parts.append(.option(option))
        }
        /// What only the command says.
        public mutating func appendInterpolation(advice: Message) {
            message.parts.append(.advice(advice))
        }
    }
}
