import FoundationEssentials

/// Downloads gzipped files into a folder. Each is held in memory until its SHA-256 is verified, then written
/// atomically, so a failure leaves no partial or wrong file.
public struct DataFetch: Sendable {
    /// Names of the files without `.gz`, and SHA-256 of what they unpack to.
    private let digests: [String: String]
    /// The URL of the folder they are in.
    private let source: String
    /// The folder they go to.
    public let folder: String

    /// In bytes; larger than any known file.
    private static let limit = 256 << 20

    /// The result for one file.
    public enum Outcome: Sendable {
        /// It exists already, with the right SHA-256.
        case kept
        /// Downloaded, with its size in bytes.
        case fetched(Int)
    }

    /// A fetch of a dataset's files.
    ///
    /// - Parameters:
    ///   - digests: names of the files without `.gz`, and SHA-256 of the unpacked ones.
    ///   - source: an https address, or http of this machine; anything else is a usage error.
    ///   - folder: made if it is missing.
    public init(_ digests: [String: String], from source: String, to folder: String) throws {
        guard Curl.allows(source) else {
            throw GanymedeError.invalidOption(
                "\(option: "from") is an https address (or http://localhost, http://127.0.0.1), not \"\(source)\""
            )
        }
        self.digests = digests
        self.source = source.hasSuffix("/") ? String(source.dropLast()) : source
        self.folder = folder
    }

    /// Downloads the missing files. Throws at the first failure; files finished before it stay and are not downloaded
    /// again.
    ///
    /// - Parameters:
    ///   - progress: called with the name of a file and the bytes received so far.
    ///   - finished: called with the result for each file.
    public func run(
        progress: (String, Int) -> Void = { _, _ in }, finished: (String, Outcome) -> Void
    ) throws {
        if let file = Files.fileInTheWay(of: folder) {
            throw GanymedeError.fileExists(
                "cannot make the folder \(quoted(folder)): \(quoted(file)) is a file")
        }
        for name in digests.keys.sorted() {
            let path = "\(folder)/\(name).gz"
            if Files.exists(path) {
                guard isRight(try Files.read(path), name) else {
                    throw GanymedeError.fileExists(
                        "\(quoted(path)) is there and has another SHA-256: move it away, then try again"
                    )
                }
                finished("\(name).gz", .kept)
                continue
            }
            let address = "\(source)/\(name).gz"
            let data = try Curl.fetch(address, limit: DataFetch.limit) {
                progress("\(name).gz", $0)
            }
            guard isRight(data, name) else {
                throw GanymedeError.downloadFailed(
                    "\(address) gave \(what(data)): nothing was kept. Try again later, or another \(option: "from")"
                )
            }
            try Files.makeDirectory(folder)
            try Files.writeAtomically(path, [data])
            finished("\(name).gz", .fetched(data.count))
        }
    }

    private func isRight(_ data: Data, _ name: String) -> Bool {
        data.withUnsafeBytes { bytes in
            Gzip.isCompressed(bytes)
                && (try? Gzip.digest(bytes, name, limit: 16 * DataFetch.limit)) == digests[name]
        }
    }

    /// Describes what was received instead of the file.
    private func what(_ data: Data) -> String {
        if data.withUnsafeBytes(Gzip.isCompressed) {
            return "a damaged file, or another one (its SHA-256 is wrong)"
        }
        let start = String(decoding: data.prefix(512), as: UTF8.self).lowercased()
        return start.contains("<html") || start.contains("<!doctype")
            ? "a web page, not a gzip file" : "\(data.count) bytes that are not a gzip file"
    }
}
