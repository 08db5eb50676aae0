import FoundationEssentials

/// Writes `progress.gif`, `curves.svg`, `curves.png` and `milestones.png` into a run's folder, and `report.html`, one page
/// that shows all of it without a network.
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
        plan = try Plan(file: directory.configPath) ?? Plan(precision: .f32)
        journal = try Journal.read(directory.journalPath)
        let sampled = Set(try directory.sampleSteps())
        milestones = Set(options.training.milestones).intersection(sampled).sorted()
    }

    /// Writes the report of the run in `path`, replacing an earlier one.
    ///
    /// - Returns: the path of the page.
    public static func write(_ path: String) throws -> String {
        let directory = try RunDirectory.open(path)
        try Report(directory, directory.options().validated()).write()
        return directory.reportPath
    }

    /// Writes the files, replacing earlier ones.
    func write() throws {
        try directory.writeProgress(channels: options.gan.pictureChannels)
        if !journal.isEmpty {
            let curves = charts
            try Files.writeAtomically("\(directory.path)/curves.svg", text: curves.document)
            try Files.writeAtomically("\(directory.path)/curves.png", [curves.raster().png()])
        }
        try writeMilestones()
        try Files.writeAtomically(directory.reportPath, text: page())
    }

    /// The grids of the milestones beside real samples. A run without milestones has all its grids, up to 60.
    private func writeMilestones() throws {
        let steps = try milestones.isEmpty ? directory.sampleSteps(atMost: 60) : milestones
        if steps.isEmpty { return }
        let names = steps.map { (RunDirectory.stepName($0), "step \(grouped($0))") }
        let pictures = try (names + [("real", "real")]).map { name, caption in
            let grid = try directory.sample(name, channels: options.gan.pictureChannels)
            let isLarge = names.count > 5 && max(grid.height, grid.width) > 400
            return (raster: isLarge ? grid.halved : grid, caption: caption)
        }
        try Files.writeAtomically(
            "\(directory.path)/milestones.png", [Raster.beside(pictures).png()])
    }

    private func page() throws -> String {
        let preset = options.preset ?? "gan"
        let doctor = try Doctor(
            signals: HealthRecord.read(directory.healthPath), gan: options.gan)
        return Page.html(
            title: "\(preset): \(directory.name)",
            """
            <h1>\(escaped(preset)) <small>\(escaped(directory.name))</small></h1>
            <p>\(escaped(headline))</p>
            \(try pictures())
            \(try milestoneFigures())
            \(quality(doctor))
            \(health(doctor))
            \(curves)
            \(try grids())
            <h2>The networks</h2>
            \(network(options.gan.generator))
            \(network(options.gan.discriminator))
            \(try table())
            <h2>Going on</h2>
            \(commands)
            \(Page.glossary)
            """)
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
        return Page.section(
            "Generated, and real",
            [
                try Page.figure(
                    directory.samplePath(RunDirectory.stepName(last)),
                    "generated, step \(grouped(last))"),
                try Page.figure(directory.samplePath("real"), "real"),
                try Page.film(
                    directory.frames(atMost: 24, channels: options.gan.pictureChannels),
                    "the same seeds as training goes", name: "film"),
            ],
            note: options.gan.makesPoints
                ? "Real points are blue, generated ones red. The ground is what the discriminator takes a place "
                    + "for: blue for real, red for generated, white for undecided."
                : "")
    }

    private func milestoneFigures() throws -> String {
        guard milestones.count > 1 else { return "" }
        let figures = try milestones.map { step in
            try Page.figure(
                directory.samplePath(RunDirectory.stepName(step)), "step \(grouped(step))")
        }
        return Page.section(
            "Milestones", figures + [try Page.figure(directory.samplePath("real"), "real")],
            columns: figures.count + 1)
    }

    /// Whether the discriminator's outputs mean something only by their differences, so that it has no accuracy.
    private var isRelative: Bool { options.gan.loss.isRelative }

    private var charts: Curves { Curves(journal, isRelative: isRelative) }

    private var curves: String {
        if journal.isEmpty { return "" }
        let accuracies = isRelative ? [] : ["d_acc_real", "d_acc_fake", "g_acc"]
        let words = (["d_loss", "g_loss"] + accuracies).map(Page.explained)
        return "<h2>Curves</h2>\n<div class=\"wide\">\(charts.svg)</div>"
            + "<div class=\"words\">\(words.joined())</div>"
    }

    /// At most twelve grids of samples, evenly spaced.
    private func grids() throws -> String {
        var previous = 0
        let figures = try directory.sampleSteps(atMost: 12).map { step in
            let reports = journal.filter { previous < $0.step && $0.step <= step }
            previous = step
            var caption = "step \(grouped(step))"
            if let last = reports.last, last.step == step {
                caption += ", epoch \(fixed(last.epoch, 1))"
                caption += isRelative ? "" : ": \(MeanAccuracy(reports).text)"
            }
            return try Page.figure(directory.samplePath(RunDirectory.stepName(step)), caption)
        }
        return Page.section(
            "As training goes", figures,
            note: (isRelative
                ? "" : "Accuracies are means over the steps since the picture before. ")
                + "All pictures are in samples/, and side by side in milestones.png.")
    }

    private func network(_ network: Sequential) -> String {
        "<details><summary>\(escaped(network.name)): \(grouped(network.parameterCount)) parameters</summary>"
            + "<pre class=\"wide\">\(escaped(network.summary()))</pre></details>"
    }

    private func table() throws -> String {
        let leaves = try JSONValue(encoding: options).leaves.sorted { isBefore($0.key, $1.key) }
        return "<h2>Options</h2>\n<details><summary>\(leaves.count) options</summary>"
            + Page.table(leaves.map { [.text($0.key), .text($0.value.text)] }) + "</details>"
    }

    /// The metrics of the best and the last evaluation; empty if there was none.
    private func quality(_ doctor: Doctor) -> String {
        guard let found = BestAndLast(journal) else { return "" }
        let rows = zip(found.names, found.about).map { name, about in
            let texts = found.columns.map { column in
                (value: column.figures[name], text: column.figures[name].map(short) ?? "-")
            }
            // Real samples are the floor, not a rival.
            return [.figure(name)] + Page.Cell.figures(name, texts.dropLast())
                + [.text(texts.last?.text ?? "-"), .about(about)]
        }
        let ailing =
            doctor.isHealthy || doctor.signals.isEmpty
            ? "" : " The run is not healthy (see Health): the best is only the best of this run."
        return
            "<h2>How good it is</h2>\n<p>Of one set of \(grouped(options.training.metricsSamples)) samples, "
            + "and of as many real ones in their place. \u{2605} is the better checkpoint.\(ailing)</p>\n"
            + Page.table(
                head: found.columns.reduce(into: [""]) { $0.append($1.title) } + [""], rows)
    }

    /// What ails the run; empty before the first measurement.
    private func health(_ doctor: Doctor) -> String {
        if doctor.signals.isEmpty { return "" }
        return "<h2>Health</h2>\n<pre class=\"wide\">\(escaped(doctor.text))</pre>"
    }

    private var commands: String {
        let run = quoted(directory.path)
        let steps = options.training.steps
        let isDone = (journal.last?.step ?? 0) >= steps
        let lines = [
            "ganymede resume \(run)" + (isDone ? " --steps \(2 * steps)" : ""),
            "ganymede generate \(run) --seeds 0-\(options.gan.makesPoints ? 2499 : 63) -o more.png",
            "ganymede interpolate \(run) --seeds 0-7 --loop -o walk.gif",
        ]
        return "<pre class=\"wide\">\(escaped(lines.joined(separator: "\n")))</pre>"
    }
}
