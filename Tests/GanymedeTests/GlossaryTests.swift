import Foundation
import Ganymede
import TestSupport
import Testing

/// What the numbers mean: every figure has an entry, and every place uses its name.
struct GlossaryTests {
    let names = Set(Glossary.all.map(\.name))

    /// The keys of a JSON object on one line.
    func keys(_ text: some StringProtocol) throws -> Set<String> {
        let found = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return Set(try #require(found).keys)
    }

    @Test func everyFigureHasAnEntry() throws {
        var line: [UInt8] = []
        StepReport(step: 1).append(to: &line)
        let journal = try keys(String(decoding: line, as: UTF8.self))
        #expect(journal.count > 8 && journal.subtracting(names) == [])
        var signals = HealthSignals()
        signals.realOnTest = 0.5
        signals.logitOnTest = 0.5
        signals.movement = 0.5
        signals.classes = [1]
        signals.nonFinite = "a"
        let health = try keys(HealthRecord.text(signals))
        #expect(health.count > 14 && health.subtracting(names) == [])
        #expect(Set(Metrics.names).subtracting(names) == [])
        // And nothing else is explained.
        #expect(names == journal.union(health).union(Metrics.names))
        #expect(names.count == Glossary.all.count)
        #expect(Set(Glossary.all.map(\.title)).count == names.count)
    }

    /// Three sentences: what it is, what is good or bad, what is normal.
    @Test(arguments: Glossary.all)
    func entriesHaveThreeSentences(entry: GlossaryEntry) {
        for sentence in [entry.meaning, entry.quality, entry.normal] {
            #expect(sentence.hasSuffix("."), "\(sentence)")
            #expect(sentence.first?.isUppercase == true || sentence.first?.isNumber == true)
            #expect(
                sentence.matches(of: /[a-z)%0-9]\. [A-Z]/).isEmpty, "two sentences: \(sentence)")
        }
    }

    /// The page in the documentation is made from the entries.
    @Test func thePageIsUpToDate() throws {
        #expect(try Golden.difference(Glossary.markdown, "../../docs/glossary.md") == nil)
    }

    /// Terminal, chart and report call the same thing by the same name.
    @Test func oneNameEverywhere() throws {
        let report = StepReport(step: 5, dLoss: 0.5, gLoss: 1)
        let line = ProgressText.line("a", report, of: 9, secondsLeft: 1)
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 3)
        func read(_ name: String) throws -> String {
            try String(contentsOfFile: "\(run.directory.path)/\(name)", encoding: .utf8)
        }
        let (page, curves) = (try read("report.html"), try read("curves.svg"))
        for name in ["d_loss", "g_loss", "g_acc"] {
            let title = Glossary.title(name)
            #expect(line.contains("  \(title) "), "\(line)")
            #expect(page.contains("\(title)</summary>") && curves.contains(">\(title)</text>"))
        }
        #expect(line.contains("  \(Glossary.title("d_acc")) "))
        for name in ["d_acc_real", "d_acc_fake"] {
            #expect(curves.contains(">\(Glossary.title(name))</text>"))
        }
        for entry in Glossary.all { #expect(page.contains("<dt>\(entry.title)"), "\(entry.name)") }
    }
}
