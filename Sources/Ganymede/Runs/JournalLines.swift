import FoundationEssentials

/// The lines of a journal, of which some may be damaged.
struct JournalLines {
    private struct Line {
        let text: Data
        let report: StepReport?
        /// Why there is no report.
        let fault: String?
    }

    private let lines: [Line]
    /// Indices of the lines that are in order.
    private let rising: [Int]
    private let endsWithNewline: Bool

    init(_ content: Data) {
        let decoder = JSON.decoder()
        lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast(content.last == UInt8(ascii: "\n") || content.isEmpty ? 1 : 0)
            .map { JournalLines.parse($0, decoder) }
        rising = JournalLines.rising(lines.map { $0.report?.step })
        endsWithNewline = content.isEmpty || content.last == UInt8(ascii: "\n")
    }

    private static func parse(_ text: Data, _ decoder: JSONDecoder) -> Line {
        if let place = text.firstIndex(where: { $0 < 0x20 }) {
            let column = text.distance(from: text.startIndex, to: place) + 1
            return Line(text: text, report: nil, fault: "column \(column): a byte that is no text")
        }
        guard text.first == UInt8(ascii: "{") else {
            return Line(text: text, report: nil, fault: "column 1: it does not begin with {")
        }
        do {
            let report = try decoder.decode(StepReport.self, from: text)
            if report.isPossible { return Line(text: text, report: report, fault: nil) }
            return Line(text: text, report: nil, fault: "column 1: its values are none of a step")
        } catch {
            return Line(
                text: text, report: nil,
                fault: "column \(JSON.column(of: error, in: text)): \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        let text = JSON.explain(error)
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// The reports in increasing order of steps, without lines that cannot be read.
    var reports: [StepReport] { rising.compactMap { lines[$0].report } }

    /// The lines up to a step, and the seconds of training in the last of them.
    func kept(upTo step: Int) -> (text: Data, seconds: Double) {
        var text = Data()
        var seconds = 0.0
        for index in rising {
            guard let report = lines[index].report, report.step <= step else { break }
            text.append(lines[index].text)
            text.append(UInt8(ascii: "\n"))
            seconds = report.seconds
        }
        return (text, seconds)
    }

    /// What is wrong with the lines up to a step, with line and column; nil if nothing is. The lines after it belong to
    /// steps that will be repeated, and the very last may have been cut short by a crash.
    func fault(upTo step: Int, gapsAreKnown: Bool) -> String? {
        var expected = 1
        for (index, line) in lines.enumerated() {
            let place = "line \(index + 1), "
            if expected > step { return nil }
            if let fault = line.fault {
                let isCutShort = index == lines.count - 1 && !endsWithNewline
                return isCutShort ? missing(expected, step) : place + fault
            }
            guard let found = line.report?.step else { continue }
            if found < expected {
                return place + "column 1: step \(found), which is not after step \(expected - 1)"
            }
            if found > expected && !gapsAreKnown {
                return place + "column 1: step \(found), and step \(expected) is missing"
            }
            expected = found + 1
        }
        return expected > step || gapsAreKnown ? nil : missing(expected, step)
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
