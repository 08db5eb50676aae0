package import FoundationEssentials
import Glibc

/// `journal.jsonl`: one JSON object a line for every step. It is written within a second, so that a run can be watched
/// and little is lost if it is killed.
package final class Journal {
    private let path: String
    private var descriptor: Int32
    /// Whether the system may have dropped what was written: after a failed flush it says nothing about that any more.
    private var isSuspect = false
    /// Lines that are not in the file yet.
    private var pending: [UInt8] = []
    private var lastWrite = Machine.seconds()
    private static let interval = 0.5
    /// Capacity of the buffer in bytes; it is written before it has to grow.
    private static let room = 1 << 16

    /// A journal that is ready for appending.
    package struct Opened {
        package let journal: Journal
        /// The reports of the lines that were kept.
        package let reports: [StepReport]
        /// Seconds of training, from the last of them.
        package var seconds: Double { reports.last?.seconds ?? 0 }
        /// What was wrong with the file, as a message; nil if nothing was.
        package let damage: String?
    }

    /// Opens the journal of a run that resumes after `step`, and drops the lines after it. Throws if a line up to it is
    /// damaged, missing or twice there, unless `rebuilding`: then such lines are left out, and the file as it was is
    /// kept as `journal.jsonl.damaged`, and the steps that are missing now are listed in `journal.jsonl.missing`.
    package static func open(
        _ path: String, after step: Int, rebuilding: Bool = false
    ) throws -> Opened {
        let content = try Files.exists(path) ? Files.read(path) : Data()
        let lines = JournalLines(content)
        let kept = lines.kept(upTo: step)
        var damage: String?
        if let fault = try lines.fault(upTo: step, known: MissingSteps(beside: path)) {
            guard rebuilding else {
                throw GanymedeError.fileMalformed(
                    "\(quoted(path)): \(fault)\(advice: ". To resume without what cannot be read: --rebuild-journal")"
                )
            }
            let copy = try Files.freeName("\(path).damaged")
            try Files.writeAtomically(copy, [content])
            try lines.missing(upTo: step).write(to: path)
            damage =
                "\(quoted(path)): \(fault). The lines that can be read were kept, and the file as it was is \(quoted(copy))"
        }
        if kept.text != content || !Files.exists(path) {
            try Files.writeAtomically(path, [kept.text])
        }
        return Opened(journal: try Journal(path), reports: kept.reports, damage: damage)
    }

    private init(_ path: String) throws {
        self.path = path
        descriptor = try Files.openToAppend(path)
        pending.reserveCapacity(Journal.room)
    }

    deinit { close(descriptor) }

    /// The reports in a journal's content in increasing order of steps, and what is wrong with the lines up to a step.
    package static func reports(
        in content: Data, upTo step: Int = .max
    ) -> (reports: [StepReport], fault: String?) {
        let lines = JournalLines(content)
        return (lines.reports, lines.fault(upTo: step, known: MissingSteps()))
    }

    /// The reports of a journal in increasing order of steps, without lines that cannot be read.
    static func read(_ path: String) throws -> [StepReport] {
        JournalLines(try Files.read(path)).reports
    }

    /// Appends the report of a step to the buffer.
    package func append(_ report: StepReport) { report.append(to: &pending) }

    /// Whether it is time to write the buffer.
    var isDue: Bool {
        pending.count > Journal.room - 1024 || Machine.seconds() - lastWrite >= Journal.interval
    }

    /// The size of the buffer.
    var bytesWaiting: Int { pending.count }

    /// Appends the buffer to the file. After an error the rest is still in the buffer.
    package func write() throws {
        lastWrite = Machine.seconds()
        if pending.isEmpty { return }
        var written = 0
        defer {
            if written == pending.count {
                pending.removeAll(keepingCapacity: true)
            } else {
                pending.removeFirst(written)
            }
        }
        try pending.withUnsafeBytes {
            try Files.write($0, to: descriptor, path, written: &written)
        }
    }

    /// Appends the buffer to the file, and waits until it is on disk.
    package func flush() throws {
        try write()
        if try isSuspect || !isInPlace() { try rewrite() }
        if fsync(descriptor) != 0 {
            isSuspect = true
            throw Files.failure("cannot write", path)
        }
    }

    /// Whether the path still leads to the open file.
    private func isInPlace() throws -> Bool {
        var (open, named) = (stat(), stat())
        guard fstat(descriptor, &open) == 0 else { throw Files.failure("cannot write", path) }
        return stat(path, &named) == 0 && open.st_dev == named.st_dev && open.st_ino == named.st_ino
    }

    /// Writes all lines again, as they are in the open file, and goes on in the new one.
    private func rewrite() throws {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        let content = try Files.readPart(descriptor, path, offset: 0, count: max(size, 0))
        try Files.writeAtomically(path, [content])
        let fresh = try Files.openToAppend(path)
        close(descriptor)
        (descriptor, isSuspect) = (fresh, false)
    }
}
