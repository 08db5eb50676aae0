import Foundation
import Ganymede

/// What tests of reliability share. `GANYMEDE_TORTURE=1` makes them long.
public enum Torture {
    public static let isLong = ProcessInfo.processInfo.environment["GANYMEDE_TORTURE"] != nil

    /// About `count` of a range, the first and the last among them; when tests are long, `most` or all.
    public static func some(
        _ range: ClosedRange<Int>, _ count: Int, most: Int = .max
    ) -> [Int] {
        let count = isLong ? most : count
        if range.count <= count { return Array(range) }
        return (0..<count).map { range.lowerBound + $0 * (range.count - 1) / (count - 1) }
    }

    /// The path of the library that lets system calls fail, compiled once.
    public static let shim = Result<String, any Error> {
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Faults/faults.c").path
        let library = NSTemporaryDirectory() + "/ganymede-faults-\(getpid()).so"
        let compiler = try ChildProcess(
            ["clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source],
            in: "/",
            errors: library + ".errors")
        guard compiler.wait() == 0 else {
            throw GanymedeError.notFound(
                Message(
                    (try? String(contentsOfFile: library + ".errors", encoding: .utf8))
                        ?? "no clang"))
        }
        return library
    }
}

/// The content of a run's folder, without the time that it took.
public struct RunState: Equatable {
    private var files: [String: Data] = [:]

    public init(_ path: String) throws {
        let root = URL(filePath: path)
        let names = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
        for name in names where name != ".lock" {
            let url = root.appending(path: name)
            files[name] =
                Files.isDirectory(url.path)
                ? Data() : RunState.timeless(name, try Data(contentsOf: url))
        }
    }

    /// The page has times and rates in text and curves; journals have them in two fields.
    private static func timeless(_ name: String, _ content: Data) -> Data {
        if name == "report.html" { return Data() }
        guard name == "journal.jsonl" else { return content }
        let text = String(decoding: content, as: UTF8.self)
        return Data(
            text.replacing(/"(seconds|images_per_second)":[0-9.]+/, with: "").utf8)
    }

    /// Names of files that are not the same.
    public func differences(_ other: RunState) -> [String] {
        Set(files.keys).union(other.files.keys).sorted().filter { files[$0] != other.files[$0] }
    }
}

/// The tensors of a checkpoint that the training made: all but what the watching of it adds.
public func trainedTensors(_ path: String) throws -> [String: [UInt32]] {
    let file = try Safetensors(path)
    var tensors: [String: [UInt32]] = [:]
    for name in file.names where !name.hasPrefix("health.") {
        tensors[name] = try file.tensor(name).values.map(\.bitPattern)
    }
    return tensors
}
