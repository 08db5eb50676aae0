import Foundation
import TestSupport
import Testing

/// `docs/adding-*.md` list the files that one addition touches. Each takes something that is there as its example; the
/// lists are true if the sources name that example in these files and in no others.
@Suite(.timeLimit(.minutes(20)))
struct AddingTests {
    static let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()

    private static let guides: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "docs").path))
        ?? []).filter { $0.hasPrefix("adding-") }.sorted()

    @Test func thereIsAGuideForEach() {
        #expect(
            AddingTests.guides == [
                "adding-a-dataset.md", "adding-a-layer.md", "adding-a-loss.md",
                "adding-a-metric.md", "adding-a-preset.md", "adding-a-regularizer.md",
                "adding-a-step.md", "adding-an-op.md", "adding-an-optimizer.md",
            ])
    }

    @Test(arguments: guides)
    func listsAreTrue(guide: String) throws {
        let text = try String(
            contentsOf: AddingTests.root.appending(path: "docs/\(guide)"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let listed = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        // A metric is explained in the glossary as well.
        #expect(
            listed.count == (guide == "adding-a-metric.md" ? 4 : 3), "two files and a test row")
        for path in listed {
            #expect(
                FileManager.default.fileExists(
                    atPath: AddingTests.root.appending(path: path).path), "\(path)")
        }
        let example = try #require(
            text.firstMatch(of: try Regex(#"the (?:type|value) `(\w+)`"#))?.output[1].substring)
        var found = try users(of: String(example))
        if guide == "adding-an-op.md" {
            // What is composed of it, and passes that know it by name.
            let others = ["/Passes/", "/Images.swift"]
            found = found.filter { path in !others.contains { path.contains($0) } }
        }
        #expect(found == Set(listed.filter { $0.hasPrefix("Sources/") }), "\(example)")
        let test = try String(
            contentsOf: AddingTests.root.appending(path: listed[listed.count - 1]), encoding: .utf8)
        #expect(
            test.contains(example) || guide == "adding-an-op.md",
            "\(example) in \(listed[listed.count - 1])")
    }

    /// Files of the sources whose code names `example`, but for what uses it: presets that are made of it, and the reader
    /// of old files.
    private func users(of example: String) throws -> Set<String> {
        // Default boundaries see one word in `Dense.self`.
        let name = try Regex(#"\b\#(example)\b"#).wordBoundaryKind(.simple)
        let sources = AddingTests.root.appending(path: "Sources")
        let files = FileManager.default.enumerator(atPath: sources.path)
        var found: Set<String> = []
        while let path = files?.nextObject() as? String {
            guard path.hasSuffix(".swift"), !path.hasSuffix("GAN+Codable.swift") else { continue }
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            let code = text.split(separator: "\n").filter {
                !$0.drop { $0 == " " }.hasPrefix("//")
            }
            guard code.contains(where: { $0.contains(name) }) else { continue }
            let isPreset =
                path.contains("/Presets/") && !code.contains { $0.contains("let \(example)") }
            let isRegistry = path.hasSuffix("Presets/Preset.swift")
            if !isPreset || isRegistry { found.insert("Sources/\(path)") }
        }
        return found
    }
}
