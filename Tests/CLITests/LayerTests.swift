import Foundation
import TestSupport
import Testing

/// The check of `make lint` that folders depend on each other in one direction only.
@Suite(.timeLimit(.minutes(20)))
struct LayerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func check(_ files: [String: String], _ order: [String]) throws -> Command.Result {
        for (name, text) in files { try folder.write(name, Data(text.utf8)) }
        let script = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "scripts/layers.py").path
        return try Command.run(
            ["python3", script, folder.path] + order, of: "/usr/bin/env", in: folder.path)
    }

    private let ground = "struct Brick {}\nfunc lay() {}\n"

    @Test func oneDirectionPasses() throws {
        let result = try check(
            [
                "Ground/Brick.swift": ground,
                // Names in comments and strings are no dependencies, nor are names that both declare.
                "Ground/Note.swift":
                    "// A House\nlet note = \"House\"\nstruct Both {}\nlet both = Both()\n",
                "House/House.swift": "struct House { let brick = Brick() }\nstruct Both {}\n",
            ], ["Ground", "House"])
        #expect(result.code == 0 && result.output.isEmpty, "\(result)")
    }

    @Test(arguments: [
        "let house = House()\n", "let text = \"\\(House())\"\n", "func build() { enter() }\n",
        "let high = Brick().height\n",
    ])
    func theOtherIsFound(use: String) throws {
        let house =
            "struct House { let brick = Brick() }\nfunc enter() {}\nextension Brick {\n    var height: Int { 1 }\n}\n"
        let result = try check(
            ["Ground/Brick.swift": ground, "Ground/Use.swift": use, "House/House.swift": house],
            ["Ground", "House"])
        #expect(result.code == 1, "\(result)")
        #expect(result.output.contains("Ground/Use.swift: uses "), "\(result.output)")
        #expect(result.output.hasSuffix(" of House, which comes after Ground\n"))
    }

    @Test func foldersMustBeListed() throws {
        let result = try check(["Ground/Brick.swift": ground, "Attic/Box.swift": "\n"], ["Ground"])
        #expect(result.code == 1 && result.output.contains("Attic: not among"), "\(result)")
    }

    /// The library's folders, in the order of the Makefile.
    @Test func theLibraryPasses() throws {
        let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
        let makefile = try String(contentsOf: root.appending(path: "Makefile"), encoding: .utf8)
        let line = try #require(
            makefile.split(separator: "\n").first { $0.hasPrefix("LAYERS := ") })
        let result = try Command.run(
            ["python3", "scripts/layers.py", "Sources/Ganymede"]
                + line.dropFirst(10).split(separator: " ").map(String.init),
            of: "/usr/bin/env", in: root.path)
        #expect(result.code == 0, "\(result.output)")
    }
}
