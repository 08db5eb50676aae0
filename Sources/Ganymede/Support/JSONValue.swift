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
    package var leaves: [String: JSONValue] {
        switch self {
        case .array(let values) where !values.isEmpty:
            JSONValue.joined(values.enumerated().map { (String($0.offset), $0.element) })
        case .object(let values) where !values.isEmpty: JSONValue.joined(values.map { ($0, $1) })
        default: ["": self]
        }
    }

    private static func joined(_ parts: [(String, JSONValue)]) -> [String: JSONValue] {
        var leaves: [String: JSONValue] = [:]
        for (key, value) in parts {
            for (rest, leaf) in value.leaves {
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
        func path(_ context: DecodingError.Context) -> String {
            let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
            return keys.isEmpty ? "" : keys.joined(separator: ".") + ": "
        }
        switch error {
        case .keyNotFound(let key, let context):
            return path(context) + "the field \(key.stringValue) is missing"
        case .typeMismatch(let type, let context): return path(context) + "this should be a \(type)"
        case .valueNotFound(let type, let context): return path(context) + "a \(type) is missing"
        case .dataCorrupted(let context): return path(context) + context.debugDescription
        @unknown default: return "\(error)"
        }
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
