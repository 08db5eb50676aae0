// Formatting of numbers and tables.

/// `[####------]`.
package func progressBar(_ done: Int, of total: Int) -> String {
    let filled = min(done * 10 / max(total, 1), 10)
    return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 10 - filled)
        + "]"
}

/// 0.634 as `63%`.
package func percent(_ share: Double) -> String { fixed(share * 100, 0) + "%" }

/// `2m 41s`, `1h 05m`, `8s`.
package func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(seconds.rounded())
    let padded = { (number: Int) in (number < 10 ? "0" : "") + "\(number)" }
    if whole >= 3600 { return "\(whole / 3600)h \(padded(whole % 3600 / 60))m" }
    return whole >= 60 ? "\(whole / 60)m \(padded(whole % 60))s" : "\(whole)s"
}

/// 1493520 as `1,493,520`.
package func grouped(_ number: Int) -> String {
    var digits = String(abs(number))
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
}

/// A number with `places` digits after the point, rounded half away from zero.
package func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let scale = (0..<places).reduce(1) { power, _ in power * 10 }
    let scaled = (abs(value) * Double(scale)).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let whole = Int(scaled)
    let sign = value < 0 && whole != 0 ? "-" : ""
    if places == 0 { return sign + String(whole) }
    let fraction = String(whole % scale)
    return sign + "\(whole / scale)."
        + String(repeating: "0", count: places - fraction.count) + fraction
}

/// Rows of cells as lines, each column as wide as its widest cell.
package func aligned(_ rows: [[String]]) -> String {
    let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
        rows.map { $0[column].count }.max() ?? 0
    }
    return rows.map { row in
        let cells = zip(row, widths).map { cell, width in
            cell + String(repeating: " ", count: width - cell.count)
        }
        let line = cells.joined(separator: "   ")
        return String(
            line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
    }.joined(separator: "\n")
}

/// The same with an explanation of each row: at the end of its line if `columns` allow that for all, else on a line of
/// its own below.
package func aligned(
    _ rows: [[String]], explained about: [String], within columns: Int? = nil
) -> String {
    let wide = aligned(zip(rows, about).map { $0 + [$1] })
    let lines = wide.split(separator: "\n", omittingEmptySubsequences: false)
    guard let columns, let longest = lines.map(\.count).max(), longest > columns else {
        return wide
    }
    let narrow = aligned(rows).split(separator: "\n", omittingEmptySubsequences: false)
    return zip(narrow, about).map { $1.isEmpty ? String($0) : "\($0)\n  \($1)" }
        .joined(separator: "\n")
}

/// Orders names as a reader does: `layer2` before `layer10`.
package func isBefore(_ a: String, _ b: String) -> Bool {
    func parts(_ text: String) -> [(text: Substring, number: Int?)] {
        text.chunked { $0.isASCIIDigit == $1.isASCIIDigit }.map { ($0, Int($0)) }
    }
    for (x, y) in zip(parts(a), parts(b)) where x.text != y.text {
        if let first = x.number, let second = y.number, first != second { return first < second }
        return x.text < y.text
    }
    return a < b
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

extension StringProtocol {
    /// Runs of neighbours that belong together.
    fileprivate func chunked(_ together: (Character, Character) -> Bool) -> [SubSequence] {
        var chunks: [SubSequence] = []
        var start = startIndex
        for (place, next) in zip(indices, indices.dropFirst())
        where !together(self[place], self[next]) {
            chunks.append(self[start..<next])
            start = next
        }
        if start < endIndex { chunks.append(self[start...]) }
        return chunks
    }
}

/// About three significant digits or more; whole numbers below 1e9 in full.
package func short(_ value: Double) -> String {
    let size = abs(value)
    if value == value.rounded() && size < 1e9 { return fixed(value, 0) }
    if size >= 1e9 || size < 1e-4 {
        guard value.isFinite else { return "\(value)" }
        let exponent = Int(LibM.log10(size).rounded(.down))
        guard let power = Double("1e\(exponent)"), power > 0 else {
            return "\(value)"
        }
        return "\(fixed(value / power, 2))e\(exponent)"
    }
    if size >= 100 { return fixed(value, 0) }
    if size >= 10 { return fixed(value, 1) }
    if size >= 1 { return fixed(value, 2) }
    return fixed(value, size >= 0.001 ? 4 : 6)
}
