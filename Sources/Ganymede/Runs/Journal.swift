import FoundationEssentials
import Glibc

/// `journal.jsonl`: one JSON object a line for every step. It is written within a second, so that a run can be watched
/// and little is lost if it is killed.
package final class Journal {
    private let path: String
    private let descriptor: Int32
    /// Lines that are not in the file yet.
    private var pending: [UInt8] = []
    private var lastWrite = Machine.seconds()
    private static let interval = 0.5
    /// Capacity of the buffer in bytes; it is written before it has to grow.
    private static let room = 1 << 16

    /// A journal that is ready for appending.
    package struct Opened {
        package let journal: Journal
        /// Seconds of training, from the last line that was kept.
        package let seconds: Double
        /// What was wrong with the file, as a message; nil if nothing was.
        package let damage: String?
    }

    /// Opens the journal of a run that resumes after `step`, and drops the lines after it. Lines that cannot be read
    /// are left out; then the old file is kept as `journal.jsonl.damaged`.
    package static func open(_ path: String, after step: Int) throws -> Opened {
        let content = Files.exists(path) ? try Files.read(path) : Data()
        let lines = Journal.lines(content)
        let rising = Journal.rising(
            lines.map { line in
                line.report.flatMap { $0.step <= step ? $0.step : nil }
            })
        var kept = Data()
        kept.reserveCapacity(content.count)
        for index in rising {
            kept.append(lines[index].text)
            kept.append(UInt8(ascii: "\n"))
        }
        let last = rising.last.flatMap { lines[$0].report }
        // The lines after the last one kept belong to steps that will be repeated; the very last may have been cut
        // short by a crash. Nothing is lost with them, unless the latter was of a step before the checkpoint.
        let behind = lines[(rising.last.map { $0 + 1 } ?? 0)...]
        let isCutShort = content.last != UInt8(ascii: "\n") && last?.step ?? 0 >= step
        let expected =
            behind.count { $0.report?.step ?? 0 > step }
            + (isCutShort && behind.last?.report == nil && !behind.isEmpty ? 1 : 0)
        let lost = lines.count - rising.count - expected
        var damage: String?
        if lost > 0 {
            let copy = try keepDamaged(content, path)
            damage =
                "\(lost) line\(lost == 1 ? "" : "s") of \(quoted(path)) cannot be read, or out of order: left out, and the "
                + "file as it was is \(quoted(copy))"
        }
        if kept != content || !Files.exists(path) { try Files.writeAtomically(path, [kept]) }
        let journal = try Journal(path)
        return Opened(journal: journal, seconds: last?.seconds ?? 0, damage: damage)
    }

    private init(_ path: String) throws {
        self.path = path
        descriptor = try Files.openToAppend(path)
        pending.reserveCapacity(Journal.room)
    }

    deinit { close(descriptor) }

    /// Writes a copy under the first free name.
    private static func keepDamaged(_ content: Data, _ path: String) throws -> String {
        for number in 1...10_000 {
            let copy = "\(path).damaged" + (number == 1 ? "" : "-\(number)")
            if Files.exists(copy) { continue }
            try Files.writeAtomically(copy, [content])
            return copy
        }
        throw GanymedeError.fileExists("\(quoted(path)).damaged has 10,000 copies: move them away")
    }

    /// The lines of a file, each with its report if it can be read.
    private static func lines(_ content: Data) -> [(text: Data, report: StepReport?)] {
        let decoder = JSON.decoder()
        return content.split(separator: UInt8(ascii: "\n")).map { line in
            let report = try? decoder.decode(StepReport.self, from: line)
            return (line, report.flatMap { $0.isPossible ? $0 : nil })
        }
    }

    /// Indices of a longest increasing subsequence of `steps` (Fredman, 1975). So one line with a damaged step does not
    /// make all others look out of order.
    private static func rising(_ steps: [Int?]) -> [Int] {
        // For each length, the end of the subsequence whose last step is lowest; `before` links each place to its
        // predecessor.
        var ends: [(step: Int, place: Int)] = []
        var before = [Int?](repeating: nil, count: steps.count)
        for (place, step) in steps.enumerated() {
            guard let step else { continue }
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle].step < step { low = middle + 1 } else { high = middle }
            }
            before[place] = low > 0 ? ends[low - 1].place : nil
            if low == ends.count { ends.append((step, place)) } else { ends[low] = (step, place) }
        }
        var places: [Int] = []
        var place = ends.last?.place
        while let found = place {
            places.append(found)
            place = before[found]
        }
        return places.reversed()
    }

    /// The reports of a journal in increasing order of steps, without lines that cannot be read.
    static func read(_ path: String) throws -> [StepReport] {
        let reports = lines(try Files.read(path)).map(\.report)
        return rising(reports.map { $0?.step }).compactMap { reports[$0] }
    }

    /// Appends the report of a step to the buffer, which is written regularly.
    package func append(_ report: StepReport) throws {
        report.append(to: &pending)
        let isFull = pending.count > Journal.room - 1024
        if isFull || Machine.seconds() - lastWrite >= Journal.interval { try write() }
    }

    /// Appends the buffer to the file.
    package func write() throws {
        lastWrite = Machine.seconds()
        if pending.isEmpty { return }
        try pending.withUnsafeBytes { try Files.write($0, to: descriptor, path) }
        pending.removeAll(keepingCapacity: true)
    }

    /// Appends the buffer to the file, and waits until it is on disk.
    package func flush() throws {
        try write()
        if fsync(descriptor) != 0 { throw Files.failure("cannot write", path) }
    }
}
