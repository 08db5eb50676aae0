#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is made of a run's folder for people: `progress.gif`, `curves.png`, `milestones.png` and
/// `report.html`, one page that shows all of it without a network.
public struct Report {
    private let directory: RunDirectory
    private let options: RunOptions
    private let plan: Plan
    private let journal: [StepReport]
    /// The milestones that have a grid of samples.
    private let milestones: [Int]

    init(_ directory: RunDirectory, _ options: RunOptions) throws {
        self.directory = directory
        self.options = options
        plan = try directory.plan()
        journal = try Journal.read(directory.journalPath)
        let sampled = Set(try directory.sampleSteps())
        milestones = Set(options.training.milestones).intersection(sampled).sorted()
    }

    /// Writes the report of the run in `path` anew.
    ///
    /// - Returns: where the page is.
    public static func write(_ path: String) throws -> String {
        let directory = try RunDirectory.open(path)
        try Report(directory, directory.options().validated()).write()
        return directory.reportPath
    }

    /// Writes the files anew.
    func write() throws {
        try directory.writeProgress(channels: options.gan.pictureChannels)
        if !journal.isEmpty {
            let curves = try Curves(journal).raster()
            try Files.writeAtomically("\(directory.path)/curves.png", [curves.png()])
        }
        if !milestones.isEmpty {
            let names = milestones.map { (RunDirectory.stepName($0), "step \($0)") }
            let pictures = try (names + [("real", "real")]).map { name, caption in
                (
                    raster: try directory.sample(name, channels: options.gan.pictureChannels),
                    caption: caption
                )
            }
            try Files.writeAtomically(
                "\(directory.path)/milestones.png", [Raster.beside(pictures).png()])
        }
        try Files.writeAtomically(directory.reportPath, text: page())
    }

    private func page() throws -> String {
        let preset = options.preset ?? "gan"
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width,initial-scale=1"/>
            <title>\(escaped("\(preset): \(directory.name)"))</title>
            <style>\(Report.style)</style></head><body>
            <h1>\(escaped(preset)) <small>\(escaped(directory.name))</small></h1>
            <p>\(escaped(headline))</p>
            \(try pictures())
            \(try milestoneFigures())
            \(curves)
            \(try grids())
            <h2>The networks</h2>
            \(network(options.gan.generator))
            \(network(options.gan.discriminator))
            \(try table())
            <h2>Going on</h2>
            \(commands)
            </body></html>

            """
    }

    private var headline: String {
        let training = options.training
        let last = journal.last ?? StepReport()
        var text =
            "\(grouped(last.step)) steps of \(training.batch) \(options.gan.noun) (\(options.data), "
        text += "\(fixed(last.epoch, 1)) epochs) in \(duration(last.seconds))"
        if last.seconds > 0 {
            text += ", \(fixed(Double(last.images) / last.seconds, 0)) \(options.gan.noun) a second"
        }
        return text
            + "; seed \(training.seed), \(training.threads) thread\(training.threads == 1 ? "" : "s"), "
            + "\(plan.precision.rawValue)."
    }

    private func pictures() throws -> String {
        let last = try directory.sampleSteps().last ?? 0
        return section(
            "Generated, and real",
            [
                try figure(
                    directory.samplePath(RunDirectory.stepName(last)),
                    "generated, step \(grouped(last))"),
                try figure(directory.samplePath("real"), "real"),
                try figure(directory.gifPath, "the same seeds as training goes", kind: "gif"),
            ],
            note: options.gan.makesPoints
                ? "Real points are blue, generated ones red. The ground is what the discriminator takes a place "
                    + "for: blue for real, red for generated, white for undecided."
                : "")
    }

    private func milestoneFigures() throws -> String {
        guard milestones.count > 1 else { return "" }
        let figures = try milestones.map { step in
            try figure(directory.samplePath(RunDirectory.stepName(step)), "step \(step)")
        }
        return section(
            "Milestones", figures + [try figure(directory.samplePath("real"), "real")],
            columns: figures.count + 1)
    }

    private var curves: String {
        journal.isEmpty
            ? "" : "<h2>Curves</h2>\n<div class=\"wide\">\(Curves(journal).svg)</div>"
    }

    /// At most a dozen grids, evenly chosen.
    private func grids() throws -> String {
        var previous = 0
        let figures = try directory.sampleSteps(atMost: 12).map { step in
            let reports = journal.filter { previous < $0.step && $0.step <= step }
            previous = step
            var caption = "step \(grouped(step))"
            if let last = reports.last, last.step == step {
                caption += ", epoch \(fixed(last.epoch, 1)): \(MeanAccuracy(reports).text)"
            }
            return try figure(directory.samplePath(RunDirectory.stepName(step)), caption)
        }
        return section(
            "As training goes", figures,
            note:
                "D accuracy is the share of \(options.gan.noun) that the discriminator told right, over the steps since "
                + "the picture before.")
    }

    private func section(
        _ title: String, _ figures: [String], columns: Int = 3, note: String = ""
    ) -> String {
        // Two beside each other on a phone.
        let width = "min(45%,\(columns > 3 ? 200 : 240)px)"
        let style = "grid-template-columns:repeat(auto-fill,minmax(\(width),1fr))"
        return "<h2>\(escaped(title))</h2>\n" + (note.isEmpty ? "" : "<p>\(escaped(note))</p>\n")
            + "<div class=\"row\" style=\"\(style)\">\(figures.joined(separator: "\n"))</div>"
    }

    private func figure(_ path: String, _ caption: String, kind: String = "png") throws -> String {
        let data = try Files.read(path).base64EncodedString()
        return
            "<figure><img alt=\"\(escaped(caption))\" src=\"data:image/\(kind);base64,\(data)\"/>"
            + "<figcaption>\(escaped(caption))</figcaption></figure>"
    }

    private func network(_ network: Sequential) -> String {
        "<details><summary>\(escaped(network.name)): \(grouped(network.parameterCount)) parameters</summary>"
            + "<pre class=\"wide\">\(escaped(network.summary()))</pre></details>"
    }

    private func table() throws -> String {
        let leaves = try JSONValue(encoding: options).leaves.sorted { $0.key < $1.key }
        let rows = leaves.map {
            "<tr><td>\(escaped($0.key))</td><td>\(escaped($0.value.text))</td></tr>"
        }
        return "<h2>Options</h2>\n<details><summary>\(rows.count) options</summary>"
            + "<div class=\"wide\"><table>\(rows.joined(separator: "\n"))</table></div></details>"
    }

    private var commands: String {
        let run = shellWord(directory.path)
        let steps = options.training.steps
        let isDone = (journal.last?.step ?? 0) >= steps
        let lines = [
            "ganymede resume \(run)" + (isDone ? " --steps \(2 * steps)" : ""),
            "ganymede generate \(run) --seeds 0-\(options.gan.makesPoints ? 2499 : 63) -o more.png",
            "ganymede interpolate \(run) --seeds 0-7 --loop -o walk.\(options.gan.makesPoints ? "png" : "gif")",
        ]
        return "<pre class=\"wide\">\(escaped(lines.joined(separator: "\n")))</pre>"
    }

    private static let style = """
        :root{color-scheme:light dark;--ink:#222;--soft:#666;--rule:#ddd;--ground:#fff}
        @media(prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--rule:#3a3d42;--ground:#17191c}}
        body{font:16px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;
        color:var(--ink);background:var(--ground)}
        h1 small{font-weight:normal;color:var(--soft)}h2{margin-top:2.5rem;font-size:1.15rem}
        .row{display:grid;gap:1.2rem}figure{margin:0}
        img{image-rendering:pixelated;width:100%;max-width:100%;display:block}
        figcaption{font-size:.85rem;color:var(--soft);margin-top:.3rem}
        .wide{overflow-x:auto}svg{width:100%;max-width:860px;min-width:560px;display:block}
        svg text{font-size:12px;fill:var(--soft)}svg [font-weight]{fill:var(--ink)}
        polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .grid{stroke:var(--rule);stroke-width:1}.faint{stroke-width:1;stroke-opacity:.25}
        pre{font-size:.8rem;line-height:1.3}table{border-collapse:collapse;font-size:.85rem}
        td{border-bottom:1px solid var(--rule);padding:.15rem .8rem .15rem 0}
        summary{cursor:pointer}
        """
}

/// A word as a shell takes it: quoted where it holds more than letters, digits and a few signs.
private func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
    return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
