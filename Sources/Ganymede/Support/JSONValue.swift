package import FoundationEssentials

/// Any JSON value, for options that are compared and set by path.
package enum JSONValue: Codable, Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The JSON of a value, with keys in snake case.
    package init(encoding value: some Encodable) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: JSON.encoder().encode(value))
    }

    /// Every leaf by its path: `gan.generator.layers.0.units`.
    package var leaves: [String: JSONValue] { leaves { _ in true } }

    /// Every leaf by its path, where a list is one leaf unless `entersList` says that its elements are leaves.
    func leaves(entersList: ([JSONValue]) -> Bool) -> [String: JSONValue] {
        let parts: [(String, JSONValue)]
        switch self {
        case .array(let values) where !values.isEmpty && entersList(values):
            parts = values.enumerated().map { (String($0.offset), $0.element) }
        case .object(let values) where !values.isEmpty: parts = values.map { ($0, $1) }
        default: return ["": self]
        }
        var leaves: [String: JSONValue] = [:]
        for (key, value) in parts {
            for (rest, leaf) in value.leaves(entersList: entersList) {
                leaves[rest.isEmpty ? key : "\(key).\(rest)"] = leaf
            }
        }
        return leaves
    }

    /// This value with the leaf at `path` replaced.
    package func replacing(_ path: ArraySlice<Substring>, with leaf: JSONValue) -> JSONValue {
        guard let first = path.first else { return leaf }
        switch self {
        case .object(var values):
            values[String(first)] = values[String(first)]?.replacing(path.dropFirst(), with: leaf)
            return .object(values)
        case .array(var values):
            if let index = Int(first), values.indices.contains(index) {
                values[index] = values[index].replacing(path.dropFirst(), with: leaf)
            }
            return .array(values)
        default: return self
        }
    }

    /// The JSON text on one line.
    package var text: String {
        (try? String(decoding: JSON.encoder().encode(self), as: UTF8.self)) ?? "?"
    }
}

/// JSON encoding and decoding. Keys are sorted and in snake case, so that equal values give equal bytes.
package enum JSON {
    package static func encoder(pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            : [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// A decoder that looks kinds up in `registry`.
    package static func decoder(_ registry: Registry = .standard) -> JSONDecoder {
        let decoder = JSONDecoder()
        if let key = CodingUserInfoKey.registry { decoder.userInfo[key] = registry }
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// Decodes a value; errors name `source` and the field.
    package static func decode<T: Decodable>(
        _ type: T.Type, from data: Data, _ source: String, registry: Registry = .standard
    ) throws -> T {
        do { return try decoder(registry).decode(type, from: data) } catch {
            throw GanymedeError.fileMalformed("\(source): \(explain(error))")
        }
    }

    package static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let keys = path(error)
        return (keys.isEmpty ? "" : keys.joined(separator: ".") + ": ") + reason(error)
    }
}

/// A line `field: a, not b` for every leaf that differs between two values.
func differences(_ found: JSONValue, _ expected: JSONValue) -> [String] {
    let (a, b) = (found.leaves, expected.leaves)
    return Set(a.keys).union(b.keys).sorted().compactMap { key in
        a[key] == b[key]
            ? nil : "\(key): \(a[key]?.text ?? "missing"), not \(b[key]?.text ?? "missing")"
    }
}

extension JSON {
    /// Where a value cannot be decoded, with keys as in files.
    static func path(_ error: DecodingError) -> [String] {
        let context: DecodingError.Context
        switch error {
        case .keyNotFound(_, let found): context = found
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
            context = found
        @unknown default: return []
        }
        return context.codingPath.map { key in
            key.intValue.map(String.init) ?? snakeCase(key.stringValue)
        }
    }

    /// The column, from 1, of what cannot be decoded in a text of one line: where the text stops being JSON, or the key
    /// whose value is wrong.
    static func column(of error: any Error, in text: Data) -> Int {
        guard let error = error as? DecodingError else { return 1 }
        if case .dataCorrupted(let context) = error, let inner = context.underlyingError,
            let place = "\(inner)".firstRange(of: "column ")
        {
            let digits = "\(inner)"[place.upperBound...].prefix(while: \.isNumber)
            return max(Int(digits) ?? 1, 1)
        }
        guard let key = path(error).last,
            let found = text.firstRange(of: Data("\"\(key)\"".utf8))
        else { return 1 }
        return text.distance(from: text.startIndex, to: found.lowerBound) + 1
    }

    /// Why a value cannot be decoded, without its place.
    static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): return "the field \(snakeCase(key.stringValue)) is missing"
        case .typeMismatch(let type, _): return "this should be \(name(of: type))"
        case .valueNotFound(let type, _): return "\(name(of: type)) is missing"
        case .dataCorrupted(let context):
            // The library's words for a raw value that no case has.
            return context.debugDescription.hasPrefix("Cannot initialize")
                ? "there is no such value" : context.debugDescription
        @unknown default: return "\(error)"
        }
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is [Any].Type: "a list"
        default: "a \(type)"
        }
    }

    private static func snakeCase(_ key: String) -> String {
        key.reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
        }
    }
}
