extension RunOptions {
    /// The options as commented YAML, which ``PartialOptions`` reads back.
    ///
    /// - Parameter defaults: values to name where these differ; those of the preset.
    package func yaml(defaults: RunOptions?, registry: Registry = .standard) throws -> String {
        var writer = YAMLWriter(
            guide: OptionGuide(registry),
            defaults: try defaults.map { try JSONValue(encoding: $0).leaves } ?? [:])
        writer.write(try JSONValue(encoding: self))
        return writer.text
    }

    /// Every key with its value, its meaning and the values that it takes, a line each.
    package func settings(registry: Registry = .standard) throws -> [String] {
        let guide = OptionGuide(registry)
        let leaves = try JSONValue(encoding: self).leaves { $0.contains(where: \.isObject) }.sorted
        { a, b in
            let (left, right) = (a.key.split(separator: "."), b.key.split(separator: "."))
            let (x, y) = (guide.rank(left.map(String.init)), guide.rank(right.map(String.init)))
            return (left.first == "gan" ? 1 : 0, x, a.key) < (
                right.first == "gan" ? 1 : 0, y, b.key
            )
        }
        return leaves.map { path, value in
            let entry = guide.entry(path.split(separator: ".").map(String.init))
            let values = entry?.values.map { " (\($0))" } ?? ""
            return "\(path)=\(value.text)" + (entry.map { "  \($0.text)\(values)" } ?? "")
        }
    }
}

/// Writes JSON as YAML, with a comment where a key comes first.
private struct YAMLWriter {
    let guide: OptionGuide
    let defaults: [String: JSONValue]
    private(set) var text = ""
    private var explained: Set<String> = []

    init(guide: OptionGuide, defaults: [String: JSONValue]) {
        self.guide = guide
        self.defaults = defaults
    }

    mutating func write(_ value: JSONValue, at path: [String] = [], indent: String = "") {
        guard case .object(let fields) = value else { return }
        let keys = fields.keys.sorted { a, b in
            (a == "kind" ? -1 : guide.rank(path + [a]), a)
                < (b == "kind" ? -1 : guide.rank(path + [b]), b)
        }
        for key in keys { write(fields[key] ?? .null, key, at: path + [key], indent) }
    }

    private mutating func write(
        _ value: JSONValue, _ key: String, at path: [String], _ indent: String
    ) {
        text += "\(indent)\(key):"
        switch value {
        case .object(let fields) where !fields.isEmpty:
            text += "\(comment(value, path))\n"
            write(value, at: path, indent: indent + "  ")
        case .array(let values) where values.contains(where: { $0.isObject }):
            text += "\(comment(value, path))\n"
            for (index, item) in values.enumerated() {
                text +=
                    "\(indent)  - \(YAMLWriter.flow(item))\(itemComment(item, path + ["\(index)"]))\n"
            }
        default: text += " \(YAMLWriter.flow(value))\(comment(value, path))\n"
        }
    }

    /// The explanation of a key, once.
    private mutating func comment(_ value: JSONValue, _ path: [String]) -> String {
        var parts: [String] = []
        if let entry = guide.entry(path), explained.insert(entry.key).inserted {
            parts.append(entry.text + (entry.values.map { " (\($0))" } ?? ""))
        }
        if let own = defaults[path.joined(separator: ".")], own != value {
            parts.append("default: \(YAMLWriter.flow(own))")
        }
        return parts.isEmpty ? "" : "  # " + parts.joined(separator: "; ")
    }

    /// The explanations of keys inside an item of a list.
    private mutating func itemComment(_ item: JSONValue, _ path: [String]) -> String {
        guard case .object(let fields) = item else { return "" }
        let parts = fields.keys.sorted().compactMap { key -> String? in
            guard let entry = guide.entry(path + [key]), key != "kind",
                explained.insert(entry.key).inserted
            else { return nil }
            return "\(key): \(entry.text)" + (entry.values.map { " (\($0))" } ?? "")
        }
        return parts.isEmpty ? "" : "  # " + parts.joined(separator: "; ")
    }

    /// A value on one line.
    static func flow(_ value: JSONValue) -> String {
        switch value {
        case .array(let values): "[\(values.map(flow).joined(separator: ", "))]"
        case .object(let fields):
            "{\(fields.sorted { ($0.key == "kind" ? "" : $0.key) < ($1.key == "kind" ? "" : $1.key) }.map { "\($0): \(flow($1))" }.joined(separator: ", "))}"
        case .string(let text) where isPlain(text): text
        default: value.text
        }
    }

    /// Whether a text means itself without quotes.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter else { return false }
        let others = ["true", "false", "null", "yes", "no", "on", "off", "nan", "inf", "infinity"]
        return !others.contains(text.lowercased())
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./".contains($0)) }
    }
}

extension JSONValue {
    fileprivate var isObject: Bool {
        if case .object = self { true } else { false }
    }
}
