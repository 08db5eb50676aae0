import Ganymede
import Yams

/// Reads a configuration: commented YAML or JSON, whole or in part.
enum ConfigFile {
    /// The largest size of a file, in bytes.
    private static let limit = 4 << 20
    /// The most values in a file. An alias stands for all that its anchor holds, so that a few lines can mean billions.
    private static let mostValues = 1_000_000

    /// The options in a file. Throws a usage error with line and column where it is no YAML.
    static func read(_ path: String) throws -> PartialOptions {
        try parse(String(decoding: try Files.read(path, limit: limit), as: UTF8.self), path)
    }

    /// The options in a text that was read from `path`.
    static func parse(_ text: String, _ path: String) throws -> PartialOptions {
        let node: Yams.Node?
        do { node = try Yams.compose(yaml: text) } catch let error as YamlError {
            throw GanymedeError.fileMalformed(Message("\(path): \(reason(error))"))
        }
        guard let node else {
            throw GanymedeError.fileMalformed(Message("\(path): the file is empty"))
        }
        var places: [String: String] = [:]
        var count = 0
        let json = try value(node, at: [], path, &places, &count)
        let known = places
        return PartialOptions(json: json, source: path) { path in
            // A key that is missing stands where its parent is.
            (0...path.count).reversed().lazy.compactMap { count in
                known[path.prefix(count).joined(separator: ".")]
            }.first
        }
    }

    private static func value(
        _ node: Yams.Node, at path: [String], _ file: String, _ places: inout [String: String],
        _ count: inout Int
    ) throws -> JSONValue {
        count += 1
        guard count <= mostValues else {
            throw GanymedeError.fileMalformed(
                Message("\(file): it holds more than \(mostValues) values"))
        }
        if let mark = node.mark, places[path.joined(separator: ".")] == nil {
            places[path.joined(separator: ".")] = "line \(mark.line), column \(mark.column)"
        }
        guard path.count < 32 else {
            throw GanymedeError.fileMalformed(Message("\(file): values are nested too deeply"))
        }
        switch node {
        case .scalar(let scalar): return leaf(scalar)
        case .sequence(let items):
            return .array(
                try items.enumerated().map {
                    try value($1, at: path + ["\($0)"], file, &places, &count)
                })
        case .mapping(let pairs):
            var fields: [String: JSONValue] = [:]
            for (key, item) in pairs {
                guard case .scalar(let name) = key else {
                    throw GanymedeError.fileMalformed(
                        Message("\(file): a key is a word, such as seed"))
                }
                if let mark = key.mark {
                    places[(path + [name.string]).joined(separator: ".")] =
                        "line \(mark.line), column \(mark.column)"
                }
                fields[name.string] = try value(
                    item, at: path + [name.string], file, &places, &count)
            }
            return .object(fields)
        case .alias:
            throw GanymedeError.fileMalformed(Message("\(file): aliases cannot be read"))
        }
    }

    /// A number, true, false, null or a text. A quoted value is a text.
    private static func leaf(_ scalar: Yams.Node.Scalar) -> JSONValue {
        let text = scalar.string
        guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default:
            if let number = Int(text) { return .integer(number) }
            if let number = Double(text), number.isFinite, text.first?.isLetter != true {
                return .number(number)
            }
            return .string(text)
        }
    }

    private static func reason(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): the key \(duplicates.joined(separator: ", ")) is there twice"
        default: "this is no YAML: \(error)"
        }
    }
}
