import Foundation

/// Files under `Tests/Golden`.
public enum Golden {
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden")

    public static func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Compares `text` with the file `name`, or writes the file if GANYMEDE_UPDATE_GOLDEN is set. Returns nil if they
    /// agree, else the first line that differs.
    public static func difference(_ text: String, _ name: String) throws -> String? {
        let file = folder.appending(path: name)
        if ProcessInfo.processInfo.environment["GANYMEDE_UPDATE_GOLDEN"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
            return nil
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        if expected == text { return nil }
        let pairs = zip(
            expected.components(separatedBy: "\n") + [""], text.components(separatedBy: "\n") + [""]
        )
        let line = pairs.first { $0 != $1 }
        return "\(name): expected \"\(line?.0 ?? "")\", found \"\(line?.1 ?? "")\""
    }
}

/// A temporary folder, which is removed on deinit.
public final class TemporaryFolder {
    public let path: String

    public init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "ganymede-test-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and creates its parent folders.
    public func write(_ name: String, _ data: Data) throws {
        let parent = URL(filePath: "\(path)/\(name)").deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try data.write(to: URL(filePath: "\(path)/\(name)"))
    }
}

/// Small files under `Tests/Fixtures`, each with the script that made it.
public enum Fixtures {
    public static func path(_ name: String) -> String {
        Golden.folder.deletingLastPathComponent().appending(path: "Fixtures/\(name)").path
    }

    public static func data(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: path(name)))
    }
}
