import FoundationEssentials
import Glibc

/// The lines of a journal, of which some may be damaged.
struct JournalLines {
    private struct Line {
        /// Where its text is.
        let place: Range<Int>
        let report: StepReport?
        /// Why there is no report.
        let fault: String?
    }

    private let content: Data
    private let lines: [Line]
    /// Indices of the lines that are in order.
    private let rising: [Int]
    private let endsWithNewline: Bool

    init(_ data: Data) {
        let content = data.startIndex == 0 ? data : Data(Array(data))
        let decoder = JSON.decoder()
        self.content = content
        lines = JournalLines.places(content).map { JournalLines.parse(content, $0, decoder) }
        rising = JournalLines.rising(lines.map { $0.report?.step })
        endsWithNewline = content.isEmpty || content.last == UInt8(ascii: "\n")
    }

    /// Where the lines are, without their ends.
    private static func places(_ content: Data) -> [Range<Int>] {
        content.withUnsafeBytes { bytes in
            var places: [Range<Int>] = []
            var start = 0
            while start < bytes.count, let base = bytes.baseAddress {
                let found = memchr(base + start, 0x0a, bytes.count - start)
                let end = found.map { UnsafeRawPointer($0) - base } ?? bytes.count
                places.append(start..<end)
                start = end + 1
            }
            return places
        }
    }

    private static func parse(
        _ content: Data, _ place: Range<Int>, _ decoder: JSONDecoder
    ) -> Line {
        func line(_ report: StepReport?, _ fault: String? = nil) -> Line {
            Line(place: place, report: report, fault: fault)
        }
        let plain = content.withUnsafeBytes { StepReport(plainLine: $0, place) }
        if let plain, plain.isPossible { return line(plain) }
        let text = content[place]
        if let byte = text.firstIndex(where: { $0 < 0x20 }) {
            return line(nil, "column \(byte - place.lowerBound + 1): a byte that is no text")
        }
        guard text.first == UInt8(ascii: "{") else {
            return line(nil, "column 1: it does not begin with {")
        }
        do {
            let report = try decoder.decode(StepReport.self, from: text)
            return report.isPossible
                ? line(report) : line(nil, "column 1: its values are none of a step")
        } catch {
            return line(nil, "column \(JSON.column(of: error, in: text)): \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        let text = JSON.explain(error)
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// The reports in increasing order of steps, without lines that cannot be read.
    var reports: [StepReport] { rising.compactMap { lines[$0].report } }

    /// The lines up to a step, and their reports.
    func kept(upTo step: Int) -> (text: Data, reports: [StepReport]) {
        var text = Data()
        var reports: [StepReport] = []
        for index in rising {
            guard let report = lines[index].report, report.step <= step else { break }
            text.append(content[lines[index].place])
            text.append(UInt8(ascii: "\n"))
            reports.append(report)
        }
        return (text, reports)
    }

    /// What is wrong with the lines up to a step, with line and column; nil if nothing is. The lines after it belong to
    /// steps that will be repeated, and the very last may have been cut short by a crash.
    func fault(upTo step: Int, known: MissingSteps) -> String? {
        var expected = 1
        for (index, line) in lines.enumerated() {
            let place = "line \(index + 1), "
            if expected > step { return nil }
            if let fault = line.fault {
                let isCutShort = index == lines.count - 1 && !endsWithNewline
                if !isCutShort { return place + fault }
                break
            }
            guard let found = line.report?.step else { continue }
            if found < expected {
                return place + "column 1: step \(found), which is not after step \(expected - 1)"
            }
            if found > expected && !known.contains(expected, min(found - 1, step)) {
                return place + "column 1: step \(found), and step \(expected) is missing"
            }
            expected = found + 1
        }
        return expected > step || known.contains(expected, step) ? nil : missing(expected, step)
    }

    /// The steps up to one that have no line.
    func missing(upTo step: Int) -> MissingSteps {
        var (missing, expected) = (MissingSteps(), 1)
        for index in rising {
            guard let found = lines[index].report?.step, found <= step else { break }
            if found > expected { missing.add(expected, found - 1) }
            expected = found + 1
        }
        if expected <= step { missing.add(expected, step) }
        return missing
    }

    private func missing(_ first: Int, _ last: Int) -> String {
        let steps = first == last ? "step \(first) is" : "the steps \(first) to \(last) are"
        return
            "line \(lines.count + (endsWithNewline ? 1 : 0)), column 1: \(steps) missing, which the checkpoint has"
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
}

extension StepReport {
    private static let plainKeys: [[UInt8]] = [
        "{\"step\":", ",\"epoch\":", ",\"images\":", ",\"seconds\":", ",\"d_loss\":",
        ",\"g_loss\":",
        ",\"d_acc\":", ",\"d_acc_real\":", ",\"d_acc_fake\":", ",\"g_acc\":",
        ",\"images_per_second\":",
    ].map { Array($0.utf8) }

    /// Reads a line as ``append(to:)`` writes it where there are no metrics: a tenth of the time that a JSON decoder
    /// takes, for journals of millions of lines. Nil for every other line.
    ///
    /// - Parameters:
    ///   - bytes: a file.
    ///   - place: where the line is. A line must follow, or the end of this one.
    init?(plainLine bytes: UnsafeRawBufferPointer, _ place: Range<Int>) {
        // The number of the last key ends at a byte that is no part of it.
        guard place.upperBound < bytes.count, let base = bytes.baseAddress else { return nil }
        var values = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        var next = place.lowerBound
        let isRead = withUnsafeMutableBytes(of: &values) { raw in
            let numbers = raw.bindMemory(to: Double.self)
            for (index, key) in StepReport.plainKeys.enumerated() {
                guard next + key.count < place.upperBound,
                    memcmp(base + next, key, key.count) == 0
                else { return false }
                next += key.count
                // No hexadecimal numbers, infinities or spaces, which the C library reads.
                let digits = bytes[next] == 0x2d ? next + 1 : next
                guard (0x30...0x39).contains(bytes[digits]), bytes[digits + 1] | 0x20 != 0x78 else {
                    return false
                }
                var end: UnsafeMutablePointer<CChar>?
                let text = (base + next).assumingMemoryBound(to: CChar.self)
                numbers[index] = strtod(text, &end)
                guard let end, numbers[index].isFinite else { return false }
                next = UnsafeRawPointer(end) - base
            }
            return next == place.upperBound - 1 && bytes[next] == 0x7d
        }
        guard isRead, values.0 == values.0.rounded(), abs(values.0) < 1e15,
            values.2 == values.2.rounded(), abs(values.2) < 1e15
        else { return nil }
        self.init(
            step: Int(values.0), epoch: values.1, images: Int(values.2), seconds: values.3,
            dLoss: values.4, gLoss: values.5, dAccReal: values.7, dAccFake: values.8,
            gAcc: values.9, imagesPerSecond: values.10)
    }
}

/// Steps of a run whose lines were lost, and whose loss is known: the file `journal.jsonl.missing`, a line with the first
/// and the last step of each gap.
struct MissingSteps {
    private var gaps: [ClosedRange<Int>] = []

    init() {}

    /// Those that a rebuilt journal left; none if there is no file.
    init(beside journal: String) throws {
        let path = MissingSteps.path(journal)
        guard Files.exists(path) else { return }
        let text = String(decoding: try Files.read(path, limit: 16 << 20), as: UTF8.self)
        for line in text.split(separator: "\n") {
            let ends = line.split(separator: " ").compactMap { Int($0) }
            if ends.count == 2, ends[0] <= ends[1] { gaps.append(ends[0]...ends[1]) }
        }
    }

    static func path(_ journal: String) -> String { "\(journal).missing" }

    mutating func add(_ first: Int, _ last: Int) { gaps.append(first...last) }

    func contains(_ first: Int, _ last: Int) -> Bool {
        first > last || gaps.contains { $0.contains(first) && $0.contains(last) }
    }

    func write(to journal: String) throws {
        try Files.writeAtomically(
            MissingSteps.path(journal),
            text: gaps.map { "\($0.lowerBound) \($0.upperBound)\n" }.joined())
    }
}
