/// Options as a person writes them: any part of a `config.json`, over a preset.
/// ```yaml
/// preset: dense
/// seed: 5
/// ```
package struct PartialOptions {
    /// The part of the options that the file holds.
    package let json: JSONValue
    /// Names the file in errors.
    package let source: String
    /// Where the value at a path stands in the file, such as `line 3, column 5`; nil if that is unknown.
    package let place: @Sendable (_ path: [String]) -> String?

    package init(
        json: JSONValue, source: String,
        place: @escaping @Sendable (_ path: [String]) -> String? = { _ in nil }
    ) {
        self.json = json
        self.source = source
        self.place = place
    }

    /// A text at the top level, such as the preset's name; nil if there is none.
    package func text(_ key: String) -> String? {
        guard case .object(let fields) = json, case .string(let text) = fields[key] else {
            return nil
        }
        return text
    }

    /// A whole number at the top level; nil if there is none.
    package func integer(_ key: String) -> Int? {
        guard case .object(let fields) = json, case .integer(let number) = fields[key] else {
            return nil
        }
        return number
    }

    /// The keys at the top level.
    package var keys: Set<String> {
        if case .object(let fields) = json { Set(fields.keys) } else { [] }
    }

    /// Whether it holds both networks, and so needs no preset.
    package var isWhole: Bool {
        guard case .object(let fields) = json, case .object(let gan) = fields["gan"] else {
            return false
        }
        return gan["generator"] != nil && gan["discriminator"] != nil
    }

    /// The options of a file that needs no preset. What it leaves out is as in ``GAN`` and ``TrainingConfig``. Throws as
    /// ``over(_:registry:)`` does.
    package func whole(registry: Registry = .standard) throws -> RunOptions {
        let generator = Sequential("generator", input: [64]) {
            Dense(28 * 28)
            Reshape(28, 28, 1)
        }
        let discriminator = Sequential("discriminator", input: [28, 28, 1]) {
            Flatten()
            Dense(1)
        }
        var base = RunOptions(
            data: "mnist", gan: try GAN(generator: generator, discriminator: discriminator),
            training: .init())
        // They follow from the file's generator.
        (base.size, base.channels) = (nil, nil)
        return try over(base, registry: registry)
    }

    /// The options of `base` with these in place of its own. Throws a usage error that names the place of a key that does
    /// not exist, or of a value of the wrong type.
    package func over(_ base: RunOptions, registry: Registry = .standard) throws -> RunOptions {
        guard case .object = json else {
            throw fault("it holds keys and values, such as seed: 5", at: [])
        }
        let merged = try JSONValue(encoding: base).merging(json)
        let options: RunOptions
        do {
            options = try JSON.decoder(registry).decode(
                RunOptions.self, from: JSON.encoder().encode(merged))
        } catch let error as DecodingError {
            let path = JSON.path(error)
            let values = OptionGuide(registry).entry(path)?.values
            throw fault(
                JSON.reason(error) + (values.map { ". Permitted: \($0)" } ?? ""), at: path)
        }
        try checkKeys(json, in: JSONValue(encoding: options), at: [])
        return options
    }

    /// Throws where a key of the file is not among the resolved options.
    private func checkKeys(_ given: JSONValue, in resolved: JSONValue, at path: [String]) throws {
        switch (given, resolved) {
        case (.object(let fields), .object(let known)):
            for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
                guard let match = known[key] else {
                    // An optional value that is null is not written.
                    if value == .null, OptionGuide().entry(path + [key]) != nil { continue }
                    throw fault(
                        "there is no key \"\(key)\"."
                            + suggestion(for: key, among: known.keys.sorted())
                            + " Keys here: \(known.keys.sorted().joined(separator: ", "))",
                        at: path + [key])
                }
                try checkKeys(value, in: match, at: path + [key])
            }
        case (.array(let values), .array(let known)):
            for (index, pair) in zip(values, known).enumerated() {
                try checkKeys(pair.0, in: pair.1, at: path + ["\(index)"])
            }
        default: break
        }
    }

    private func fault(_ reason: String, at path: [String]) -> GanymedeError {
        let place = place(path).map { ", \($0)" } ?? ""
        let name = path.isEmpty ? "" : "\(path.joined(separator: ".")): "
        return .fileMalformed(Message("\(source)\(place): \(name)\(reason)"))
    }
}

extension JSONValue {
    /// This value with the keys of `other` in place of its own, at every depth. Lists, and values of another kind, are
    /// replaced as a whole.
    func merging(_ other: JSONValue) -> JSONValue {
        guard case .object(var fields) = self, case .object(let given) = other else { return other }
        if let kind = given["kind"], let own = fields["kind"], kind != own { return other }
        for (key, value) in given { fields[key] = fields[key].map { $0.merging(value) } ?? value }
        return .object(fields)
    }
}
