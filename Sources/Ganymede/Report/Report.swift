#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `report.html`: one file that shows a run without a network: pictures, curves, options.
public struct Report {
    private struct Line: Decodable {
        let step: Int
        let seconds: Double
        let dLoss, gLoss, dAccReal, dAccFake, gAcc: Double
    }

    private let directory: RunDirectory
    private let options: RunOptions

    init(_ directory: RunDirectory, _ options: RunOptions) {
        self.directory = directory
        self.options = options
    }

    /// Writes the report of the run in `path` anew.
    ///
    /// - Returns: where it is.
    public static func write(_ path: String) throws -> String {
        let directory = try RunDirectory.open(path)
        try directory.writeProgress(channels: directory.options().channels)
        try Report(directory, directory.options()).write()
        return "\(directory.path)/report.html"
    }

    /// Writes the file anew.
    func write() throws {
        let lines = try Files.read(directory.journalPath).split(separator: UInt8(ascii: "\n"))
        let journal = lines.compactMap { try? JSON.decoder().decode(Line.self, from: $0) }
        let name = options.preset ?? "gan"
        var html = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"/><title>\(escaped(name)): a run of Ganymede</title>
            <style>\(Report.style)</style></head><body>
            <h1>\(escaped(name))</h1>
            <p>\(escaped(headline(journal)))</p>

            """
        html += try pictures()
        html += curves(journal)
        html += try grids()
        html += try table()
        html += "</body></html>\n"
        try Files.writeAtomically("\(directory.path)/report.html", text: html)
    }

    private func headline(_ journal: [Line]) -> String {
        let training = options.training
        return "\(journal.last?.step ?? 0) steps of \(training.batch) images of \(options.data), "
            + "seed \(training.seed), \(training.threads) threads, \(duration(journal.last?.seconds ?? 0))."
    }

    private func pictures() throws -> String {
        let last = try directory.sampleNames().last ?? "step-000000"
        return "<h2>Generated, and real</h2><div class=\"row\">"
            + (try figure("\(directory.samplesPath)/\(last).png", last, "png"))
            + (try figure("\(directory.samplesPath)/real.png", "real images", "png"))
            + (try figure(directory.gifPath, "the same seeds as training goes", "gif")) + "</div>\n"
    }

    private func curves(_ journal: [Line]) -> String {
        guard let last = journal.last?.step else { return "" }
        func line(_ name: String, _ colour: String, _ value: (Line) -> Double) -> Curves.Line {
            Curves.Line(name: name, colour: colour, values: thinned(journal.map(value), to: 280))
        }
        let losses = Curves(
            title: "losses",
            lines: [
                line("discriminator", "#c0392b", \.dLoss), line("generator", "#2471a3", \.gLoss),
            ],
            lastStep: last)
        let accuracies = Curves(
            title: "accuracies",
            lines: [
                line("real told right", "#1e8449", \.dAccReal),
                line("fakes told right", "#c0392b", \.dAccFake),
                line("fakes taken for real", "#2471a3", \.gAcc),
            ], lastStep: last)
        return
            "<h2>Losses</h2>\(losses.svg)\n<h2>The discriminator's judgement</h2>\(accuracies.svg)\n"
    }

    /// At most a dozen grids, evenly chosen.
    private func grids() throws -> String {
        let figures = try directory.sampleNames(atMost: 12).map {
            try figure("\(directory.samplesPath)/\($0).png", $0, "png")
        }
        return "<h2>As training goes</h2><div class=\"row\">\(figures.joined())</div>\n"
    }

    private func figure(_ path: String, _ caption: String, _ kind: String) throws -> String {
        let data = try Files.read(path).base64EncodedString()
        return
            "<figure><img alt=\"\(escaped(caption))\" src=\"data:image/\(kind);base64,\(data)\"/>"
            + "<figcaption>\(escaped(caption))</figcaption></figure>"
    }

    private func table() throws -> String {
        let leaves = try JSONValue(encoding: options).leaves.sorted { $0.key < $1.key }
        let rows = leaves.map {
            "<tr><td>\(escaped($0.key))</td><td>\(escaped($0.value.text))</td></tr>"
        }
        return "<h2>Options</h2><details><summary>\(rows.count) options</summary><table>"
            + rows.joined() + "</table></details>\n"
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;padding:0 1rem;color:#222}
        h2{margin-top:2rem;font-size:1.15rem}.row{display:flex;flex-wrap:wrap;gap:1rem}
        figure{margin:0}img{image-rendering:pixelated;max-width:100%;display:block}
        figcaption,.legend{font-size:.85rem;color:#555}svg{width:100%;max-width:860px;display:block}
        svg text{font-size:11px;fill:#555}svg .y{text-anchor:end}svg .grid{stroke:#ddd}
        polyline{fill:none;stroke-width:1.5}table{border-collapse:collapse;font-size:.85rem}
        td{border-bottom:1px solid #eee;padding:.15rem .8rem .15rem 0}summary{cursor:pointer}
        """
}
