import Foundation
import Ganymede
import TestSupport
import Testing

/// `journal.jsonl` during a run, and after damage.
@Suite(.timeLimit(.minutes(20)))
struct JournalTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/journal.jsonl" }

    init() throws { folder = try TemporaryFolder() }

    private func line(_ step: Int) -> String {
        "{\"step\":\(step),\"epoch\":0.5,\"images\":\(step * 8),\"seconds\":\(Double(step) / 2),\"d_loss\":0.5,"
            + "\"g_loss\":1.0,\"d_acc\":0.5,\"d_acc_real\":0.5,\"d_acc_fake\":0.5,\"g_acc\":0.5,"
            + "\"images_per_second\":10.0}\n"
    }

    private func text(_ name: String = "journal.jsonl") throws -> String {
        try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
    }

    /// A resume drops lines after its checkpoint, and a line that a crash cut short, without a message.
    @Test func isCut() throws {
        var opened = try Journal.open(path, after: 0)
        #expect(opened.seconds == 0)
        for step in 1...5 {
            opened.journal.append(StepReport(step: step, seconds: Double(step) / 2))
        }
        try opened.journal.flush()
        let whole = try text()
        try folder.write("journal.jsonl", Data((whole + "{\"step\":6,\"sec").utf8))
        opened = try Journal.open(path, after: 3)
        #expect(opened.seconds == 1.5 && opened.damage == nil)
        let lines = try text().split(separator: "\n")
        #expect(lines.count == 3 && lines[2].hasPrefix("{\"step\":3,"))
        #expect(try Files.list(folder.path) == ["journal.jsonl"])
    }

    /// Unreadable lines are named; rebuilt without them, good lines stay, and the old file is kept.
    @Test(arguments: [
        "garbage\n", "{}\n", "\u{0}\u{0}\u{0}\n", "{\"step\":\n",
        // Values that no run writes.
        "{\"step\":51,\"epoch\":0,\"images\":8,\"seconds\":-1e308,\"d_loss\":0,\"g_loss\":0,\"d_acc\":0,"
            + "\"d_acc_real\":0,\"d_acc_fake\":0,\"g_acc\":0,\"images_per_second\":0}\n",
    ])
    func goodLinesStay(garbage: String) throws {
        let damaged = (1...50).map(line).joined() + garbage + (52...200).map(line).joined()
        try folder.write("journal.jsonl", Data(damaged.utf8))
        let said = #expect(throws: GanymedeError.self) { try Journal.open(path, after: 200) }
        #expect(
            said?.description.contains("line 51, column ") == true, "\(said?.description ?? "")")
        var opened = try Journal.open(path, after: 200, rebuilding: true)
        #expect(try text() == ((1...50).map(line) + (52...200).map(line)).joined())
        #expect(try text("journal.jsonl.damaged") == damaged)
        #expect(opened.damage?.contains("line 51, column ") == true && opened.seconds == 100)
        // An intact file is not rewritten, and a copy is never overwritten.
        let before =
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        opened = try Journal.open(path, after: 200)
        #expect(opened.damage == nil)
        let after =
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        #expect(before == after)
        try folder.write("journal.jsonl", Data((line(1) + garbage + garbage).utf8))
        // The lines behind the checkpoint's step belong to steps that will be repeated.
        #expect(try Journal.open(path, after: 1).damage == nil)
        try folder.write("journal.jsonl", Data((line(1) + garbage + garbage).utf8))
        opened = try Journal.open(path, after: 2, rebuilding: true)
        #expect(opened.damage?.contains("line 2, column ") == true)
        #expect(try text("journal.jsonl.damaged") == damaged)
        #expect(try text("journal.jsonl.damaged-2") == line(1) + garbage + garbage)
    }

    /// The quick reader of plain lines gives what a JSON decoder gives.
    @Test func plainLines() throws {
        var numbers = TestNumbers(seed: 3)
        func number() -> Double {
            let scale = [1e-9, 1e-3, 1, 1e4, 1e12][Int(numbers.next() % 5)]
            return (Double(numbers.next() % 2_000_001) / 1e6 - 1) * scale
        }
        var lines: [UInt8] = []
        for step in 1...500 {
            let report = StepReport(
                step: step, epoch: abs(number()), images: step * 64, seconds: abs(number()) / 10,
                dLoss: number(), gLoss: number(), dAccReal: number(), dAccFake: number(),
                gAcc: number(), imagesPerSecond: abs(number()))
            report.append(to: &lines)
        }
        let text = String(decoding: lines, as: UTF8.self)
        let spaced = text.replacing("{\"step\":", with: "{ \"step\" : ")
        let (quick, slow) = (
            Journal.reports(in: Data(lines)), Journal.reports(in: Data(spaced.utf8))
        )
        #expect(quick.reports.count == 500 && quick.fault != nil)
        #expect(quick.reports == slow.reports)
        for wrong in [
            "0x10", "-0X1p2", "nan", "inf", "+1", "1e", "1 ", "--1", ".5", "1e999", "\"1\"",
        ] {
            let line = text.split(separator: "\n")[0].replacing(
                /"d_loss":[^,]+/, with: "\"d_loss\":\(wrong)")
            let found = Journal.reports(in: Data((line + "\n").utf8)).reports
            let decoded = Journal.reports(
                in: Data((line.replacing("{\"step", with: "{ \"step") + "\n").utf8)
            ).reports
            #expect(found == decoded, "\(wrong)")
        }
    }

    /// A truncated last line is reported if the checkpoint is later.
    @Test func aLostLastLineIsSaid() throws {
        try folder.write("journal.jsonl", Data((line(1) + line(2).dropLast(40)).utf8))
        let said = #expect(throws: GanymedeError.self) { try Journal.open(path, after: 2) }
        #expect(said?.description.contains("line 2, column 1: step 2 is missing") == true)
        let opened = try Journal.open(path, after: 2, rebuilding: true)
        #expect(opened.damage?.contains("line 2, column 1: step 2 is missing") == true)
        #expect(try text() == line(1))
    }

    /// After changes of random bytes, the lines that can still be read stay.
    @Test func anyDamage() throws {
        var numbers = TestNumbers(seed: 12)
        let whole = Array((1...30).map(line).joined().utf8)
        for _ in 0..<200 {
            var bytes = whole
            for _ in 0..<1 + Int(numbers.next() % 4) {
                bytes[Int(numbers.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: numbers.next())
            }
            try folder.write("journal.jsonl", Data(bytes))
            let readable = try Files.read(path).split(separator: 10).filter { found in
                (1...30).contains { Data(line($0).dropLast().utf8) == found }
            }
            _ = try Journal.open(path, after: 30, rebuilding: true)
            let kept = Set(try Files.read(path).split(separator: 10).map { Data($0) })
            // A line with a changed step may take the place of a good one.
            #expect(readable.count { !kept.contains(Data($0)) } <= 4 && kept.count <= 30)
            for name in try Files.list(folder.path) where name != "journal.jsonl" {
                let copy = try Files.read("\(folder.path)/\(name)")
                #expect(name == "journal.jsonl.missing" || copy == Data(bytes))
                try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
            }
        }
    }
}
