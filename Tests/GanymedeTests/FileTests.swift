import Foundation
import Ganymede
import TestSupport
import Testing

/// Writing files atomically, and reading paths that may be no regular files.
@Suite(.timeLimit(.minutes(20)))
struct FileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func filesAreWrittenWholeOrNotAtAll() throws {
        try Files.writeAtomically(path("a"), text: "old")
        try Files.makeDirectory(path("b"))
        #expect(throws: GanymedeError.self) { try Files.writeAtomically(path("b"), text: "new") }
        #expect(throws: GanymedeError.self) {
            try Files.writeAtomically(path("missing/c"), text: "new")
        }
        #expect(try Files.list(folder.path) == ["a", "b"], "nothing half written stays")
    }

    /// A symbolic link planted at the path of the temporary file is not followed: the link and its target are
    /// unchanged.
    @Test func plantedLinksAreNotFollowed() throws {
        try folder.write("precious", Data("precious".utf8))
        let planted = path("a.partial-\(getpid())")
        #expect(symlink(path("precious"), planted) == 0)
        try Files.writeAtomically(path("a"), text: "new")
        try Files.checkWritable(path("a"))
        #expect(try String(contentsOfFile: path("precious"), encoding: .utf8) == "precious")
        #expect(try String(contentsOfFile: path("a"), encoding: .utf8) == "new")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: planted) == path("precious"))
        #expect(try Files.list(folder.path).count == 3)
    }

    /// A replaced file keeps its permissions.
    @Test(arguments: [0o600, 0o640, 0o444, 0o755])
    func theModeStays(mode: Int) throws {
        try folder.write("a", Data("old".utf8))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path("a"))
        try Files.writeAtomically(path("a"), text: "new")
        #expect(try self.mode("a") == mode)
        #expect(try String(contentsOfFile: path("a"), encoding: .utf8) == "new")
    }

    /// Cached pictures are readable by the user only.
    @Test func theCacheIsPrivate() throws {
        for picture in 0..<4 {
            let pixels = [UInt8](repeating: UInt8(picture * 40), count: 64)
            let raster = Raster(height: 8, width: 8, channels: 1, pixels: pixels)
            try folder.write("pictures/\(picture).png", try raster.png())
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: path("pictures/\(picture).png"))
        }
        for _ in 0..<2 {
            let result = try Command.run(
                ["data", "inspect", "pictures", "--size", "8"], in: folder.path,
                environment: ["XDG_CACHE_HOME": path("cache")])
            #expect(result.code == 0, "\(result.errors)")
            let run = try Command.run(
                [
                    "train", "--preset", "mlp", "--data", "pictures", "--size", "8", "--batch", "4",
                    "--dry-run",
                ], in: folder.path, environment: ["XDG_CACHE_HOME": path("cache")])
            #expect(run.code == 0, "\(run.errors)")
            let names = try Files.list(path("cache/ganymede"))
            #expect(names.count == 1 && names[0].hasSuffix(".images"))
            #expect(try mode("cache/ganymede/\(names[0])") == 0o600)
            #expect(try mode("cache/ganymede") == 0o700)
            // The permissions of an earlier version.
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: path("cache/ganymede/\(names[0])"))
        }
    }

    /// A pipe, which may block for ever, is refused.
    @Test(arguments: [
        ["generate", "pipe", "-o", "a.png"], ["train", "--init-from", "pipe", "--out", "run"],
        ["evaluate", "pipe"], ["train", "--config", "pipe", "--out", "run"],
        ["train", "--data", "pipe", "--out", "run"],
        ["train", "--evaluator", "pipe", "--out", "run"],
        ["evaluator", "list", "pipe"], ["data", "inspect", "pipe"],
    ])
    func pipesAreRefused(arguments: [String]) throws {
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        let result = try Command.run(arguments, in: folder.path, limit: 60)
        #expect(result.code == 1 || result.code == 64, "\(result)")
        #expect(result.errors.contains("pipe"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: path("run")))
    }

    /// A quoted path is exactly one word for a shell.
    @Test func pathsAreQuoted() throws {
        #expect(
            quoted("runs/mlp-001") == "runs/mlp-001"
                && quoted("zürich/a+b,c:d@e%.png") == "zürich/a+b,c:d@e%.png")
        var names = [
            "", " ", "a b", "$(touch x)", "`touch x`", "a;touch x", "a&b", "a|b", "a>x", "a<b", "*",
            "?",
            "[a]", "{a,b}", "~", "~root", "#a", "!a", "a!b", "'", "''", "a'b", "\"", "\\", "a\\'b",
            "-o",
            "--help", "-", "a\nb", "\n", "a\tb", "\u{1b}[31mred", "\u{7f}", "a=b", "FOO=1", "%s",
            "a\u{202e}b",
            "été", "日本", "\u{85}", "$'a'", "a\u{0}".replacing("\u{0}", with: "\u{1}"),
        ]
        var numbers = TestNumbers(seed: 9)
        for _ in 0..<200 {
            let bytes = (0..<1 + Int(numbers.next() % 8)).map { _ in UInt8(1 + numbers.next() % 127)
            }
            names.append(String(decoding: bytes, as: UTF8.self))
        }
        let script = names.map { "printf '%s\\0' \(quoted($0))\n" }.joined()
        try folder.write("script", Data(script.utf8))
        let result = try Command.run(["script"], of: "/bin/bash", in: folder.path)
        let words = result.output.split(separator: "\0", omittingEmptySubsequences: false)
        #expect(words.count == names.count + 1)
        for (name, word) in zip(names, words) {
            #expect(word == name || word == "./\(name)", "\(quoted(name))")
        }
        #expect(try Files.list(folder.path) == ["script"], "\(result.errors)")
        for name in names {
            #expect(quoted(name).unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
        }
    }
}
