/// A value of which files hold the kind and the fields: a layer, a loss, a regularizer, an optimizer, a training step.
///
/// A kind of your own survives `config.json`, checkpoints and resumes if the ``Registry`` that reads them has it.
public protocol Registrable: Codable, Equatable, Sendable {
    /// The name in files, such as `dense`. Unique within its family.
    static var kind: String { get }
    /// What it is one of.
    static var family: KindFamily { get }
    /// The value whose fields stand in for those that a file lacks; nil where a file must hold every field.
    static var defaults: Self? { get }
}

extension Registrable {
    /// A file must hold every field.
    public static var defaults: Self? { nil }

    package func isEqual(to other: any Registrable) -> Bool { (other as? Self) == self }
}

/// A family of kinds, such as the layers.
public struct KindFamily: Sendable {
    /// In the singular: `layer`.
    public let name: String
    /// The kinds that come with the library.
    public let builtIn: [any Registrable.Type]

    package init(_ name: String, _ builtIn: [any Registrable.Type]) {
        self.name = name
        self.builtIn = builtIn
    }
}

/// What names in files and on the command line stand for: layers, losses, regularizers, optimizers, training steps,
/// metrics, presets and datasets. A value, so that a program can have its own kinds without changing anything global:
/// ```swift
/// let registry = Registry.standard.adding(Swish.self).adding(Lion.self)
/// let model = try Model.load("runs/mine", registry: registry)
/// ```
public struct Registry: Sendable {
    /// What comes with the library.
    public static let standard = Registry()

    private var kinds: [String: [any Registrable.Type]] = [:]
    private var values: [String: [any Sendable]] = [:]

    private init() {}

    /// This registry with one more kind. Two kinds of one name in a family are a mistake in the program, and stop it.
    public func adding(_ type: any Registrable.Type) -> Registry {
        let family = type.family
        if let other = kinds(of: family).first(where: { $0.kind == type.kind }) {
            misuse(
                "the registry has the \(family.name) \"\(type.kind)\" already: \(other) and \(type) need two kinds"
            )
        }
        var copy = self
        copy.kinds[family.name, default: []].append(type)
        return copy
    }

    /// Every kind of a family, those of the library first.
    public func kinds(of family: KindFamily) -> [any Registrable.Type] {
        family.builtIn + (kinds[family.name] ?? [])
    }

    /// The kind called `name`. Throws ``GanymedeError`` where there is none, and says what to add.
    package func kind(_ name: String, of family: KindFamily) throws -> any Registrable.Type {
        let known = kinds(of: family)
        if let type = known.first(where: { $0.kind == name }) { return type }
        let names = known.map { $0.kind }
        throw GanymedeError.unknownName(
            "there is no \(family.name) \"\(name)\" in the registry."
                + suggestion(for: name, among: names)
                + " Known: \(names.joined(separator: ", ")). If it is one of your own, read this with "
                + "Registry.standard.adding(YourType.self)")
    }

    /// This registry with one more value of a family that has values in place of kinds. A name that the family has already
    /// is a mistake in the program, and stops it.
    package func adding(
        _ value: some Sendable, called names: [String], to family: String, among known: [String]
    ) -> Registry {
        if let other = names.first(where: known.contains) {
            misuse("the registry has a \(family) \"\(other)\" already: take another name")
        }
        var copy = self
        copy.values[family, default: []].append(value)
        return copy
    }

    /// The added values of a family.
    package func added<Value>(_ family: String, as type: Value.Type = Value.self) -> [Value] {
        (values[family] ?? []).compactMap { $0 as? Value }
    }
}

// MARK: Files

extension CodingUserInfoKey {
    /// Under which a decoder carries its ``Registry``.
    static let registry = CodingUserInfoKey(rawValue: "ganymede.registry")
}

private enum KindKey: String, CodingKey { case kind }

extension Encoder {
    /// Writes a value's fields, and its kind beside them.
    package func encode(withKind value: any Registrable) throws {
        try value.encode(to: self)
        var container = container(keyedBy: KindKey.self)
        try container.encode(type(of: value).kind, forKey: .kind)
    }
}

extension Decoder {
    /// The registry that kinds are looked up in: the standard one unless ``JSON/decoder(_:)`` was given another.
    package var registry: Registry {
        let given = CodingUserInfoKey.registry.flatMap { userInfo[$0] }
        return given as? Registry ?? .standard
    }

    /// Reads a value that ``Encoder/encode(withKind:)`` wrote. A text alone is a kind with its default fields.
    package func decodeKind<Value>(_ family: KindFamily, as _: Value.Type = Value.self) throws
        -> Value
    {
        let text = try? singleValueContainer().decode(String.self)
        let kind = try text ?? container(keyedBy: KindKey.self).decode(String.self, forKey: .kind)
        let type: any Registrable.Type
        do { type = try registry.kind(kind, of: family) } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: codingPath, debugDescription: "\(error)"))
        }
        guard let value = try type.decode(from: self, isKindAlone: text != nil) as? Value else {
            misuse("\(type) is registered as a \(family.name) and is none")
        }
        return value
    }
}

extension KeyedEncodingContainer {
    /// Writes a list of values with their kinds.
    mutating func encode(kinds values: [any Registrable], forKey key: Key) throws {
        var list = nestedUnkeyedContainer(forKey: key)
        for value in values { try list.superEncoder().encode(withKind: value) }
    }
}

extension KeyedDecodingContainer {
    /// Reads a list that ``KeyedEncodingContainer/encode(kinds:forKey:)`` wrote.
    func decodeKinds<Value>(_ family: KindFamily, forKey key: Key, as _: Value.Type = Value.self)
        throws -> [Value]
    {
        var list = try nestedUnkeyedContainer(forKey: key)
        var values: [Value] = []
        while !list.isAtEnd { values.append(try list.superDecoder().decodeKind(family)) }
        return values
    }
}

extension Registrable {
    /// The value in `decoder`, with ``defaults`` for the fields that are missing.
    fileprivate static func decode(from decoder: any Decoder, isKindAlone: Bool) throws -> Self {
        guard let defaults else { return try Self(from: decoder) }
        if isKindAlone { return defaults }
        guard case .object(var fields) = try JSONValue(encoding: defaults),
            case .object(let given) = try JSONValue(from: decoder)
        else { return try Self(from: decoder) }
        fields.merge(given) { $1 }
        do {
            return try JSON.decoder(decoder.registry).decode(
                Self.self, from: JSON.encoder().encode(JSONValue.object(fields)))
        } catch let error as DecodingError {
            throw error.below(decoder.codingPath)
        }
    }
}

extension DecodingError {
    /// The same error of a value that lies at `path`.
    fileprivate func below(_ path: [any CodingKey]) -> DecodingError {
        func moved(_ context: Context) -> Context {
            Context(
                codingPath: path + context.codingPath, debugDescription: context.debugDescription,
                underlyingError: context.underlyingError)
        }
        return switch self {
        case .typeMismatch(let type, let context): .typeMismatch(type, moved(context))
        case .valueNotFound(let type, let context): .valueNotFound(type, moved(context))
        case .keyNotFound(let key, let context): .keyNotFound(key, moved(context))
        case .dataCorrupted(let context): .dataCorrupted(moved(context))
        @unknown default: self
        }
    }
}
