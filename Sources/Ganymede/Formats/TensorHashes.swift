import FoundationEssentials

/// The SHA-256 of a `.safetensors` file's header and of each of its tensors, as fields of the header's metadata. So a
/// reader of some tensors checks those, and no byte that is used goes unchecked.
struct TensorHashes {
    /// The field of the header's own hash, which is computed with zeros in its place.
    private static let headerField = "ganymede_sha256"
    private static let blank = String(repeating: "0", count: 64)
    private static func field(_ name: String) -> String { "\(headerField) \(name)" }

    /// Whether a field of the metadata is a hash.
    static func isField(_ name: String) -> Bool { name.hasPrefix(headerField) }

    private let tensors: [String: String]

    /// Of tensors that will be written.
    init(_ tensors: [(name: String, bytes: Data)]) {
        self.tensors = .init(
            tensors.map { ($0.name, sha256($0.bytes)) }, uniquingKeysWith: { $1 })
    }

    /// The fields of a header that is to be sealed.
    var metadata: [String: String] {
        var fields = [TensorHashes.headerField: TensorHashes.blank]
        for (name, hash) in tensors { fields[TensorHashes.field(name)] = hash }
        return fields
    }

    /// The length and header with its own hash.
    static func sealed(_ header: Data) -> Data {
        guard let place = place(of: blank, in: header) else {
            misuse("a header without a field for its hash")
        }
        var sealed = header
        sealed.replaceSubrange(place, with: Data(sha256(header).utf8))
        return sealed
    }

    /// The hashes in the header of a file; nil if it has none. Throws if they do not fit the header.
    ///
    /// - Parameter header: the length and the header, as they are in the file.
    init?(
        _ metadata: [String: String], _ header: Data, names: some Collection<String>, _ path: String
    ) throws {
        guard metadata.keys.contains(where: TensorHashes.isField) else { return nil }
        guard let hash = metadata[TensorHashes.headerField], hash.utf8.count == 64,
            let place = TensorHashes.place(of: hash, in: header)
        else { throw TensorHashes.damaged(path, "its header's hash is missing") }
        var blank = header
        blank.replaceSubrange(place, with: Data(TensorHashes.blank.utf8))
        guard TensorHashes.isFuzzed || sha256(blank) == hash else {
            throw TensorHashes.damaged(path, "its header does not have the SHA-256 that it names")
        }
        tensors = .init(
            names.map { ($0, metadata[TensorHashes.field($0)] ?? "") }, uniquingKeysWith: { $1 })
    }

    /// Throws if a tensor's bytes are not those that were written.
    func check(_ name: String, _ bytes: Data, _ path: String) throws {
        guard TensorHashes.isFuzzed || tensors[name] == sha256(bytes) else {
            throw TensorHashes.damaged(
                path, "\(name) does not have the SHA-256 that it was written with")
        }
    }

    /// A fuzzer cannot find inputs with the right hash, and is to reach what comes after.
    #if FUZZER
        private static let isFuzzed = true
    #else
        private static let isFuzzed = false
    #endif

    /// Where the header's hash is: the only unescaped text of this form.
    private static func place(of hash: String, in header: Data) -> Range<Data.Index>? {
        let text = Data("\"\(headerField)\":\"\(hash)\"".utf8)
        guard let found = header.firstRange(of: text) else { return nil }
        return found.upperBound - 1 - hash.utf8.count..<found.upperBound - 1
    }

    private static func damaged(_ path: String, _ reason: String) -> GanymedeError {
        .fileMalformed("\(quoted(path)) is damaged: \(reason)")
    }
}
