import FoundationEssentials
import Glibc

/// Follows a run's journal while it is written, by this process or another one.
public final class JournalTail {
    private let path: String
    private var offset = 0
    private var file: Files.Status.Identity?

    /// Follows the journal of the run in `directory`.
    public init(_ directory: RunDirectory) { path = directory.journalPath }

    /// What was added since the last call.
    public struct News: Sendable {
        /// Reports of new steps, in order.
        public var reports: [StepReport] = []
        /// Whether the journal was cut or replaced, and the reports are all that it holds.
        public var startsAnew = false
    }

    /// The whole lines that were added since the last call. Throws if the journal cannot be read; one that does not
    /// exist yet has no lines.
    public func read() throws -> News {
        var news = News()
        guard let status = Files.status(path) else {
            news.startsAnew = offset > 0
            (offset, file) = (0, nil)
            return news
        }
        if status.size < offset || status.identity != file {
            news.startsAnew = offset > 0
            offset = 0
        }
        file = status.identity
        if status.size == offset { return news }
        let (descriptor, size) = try Files.openToRead(path)
        defer { close(descriptor) }
        let data = try Files.readPart(
            descriptor, path, offset: offset, count: max(size - offset, 0))
        guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return news }
        let whole = Data(data[...end])
        offset += whole.count
        news.reports = Journal.reports(in: whole).reports
        return news
    }
}
