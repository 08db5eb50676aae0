import FoundationEssentials

/// Writes `progress.gif`, `curves.png` and `milestones.png` into a run's folder, and `report.html`, one page that shows
/// all of it without a network.
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
            let curves = try Curves(journal).raster()
            try Files.writeAtomically("\(directory.path)/curves.png", [curves.png()])
        }
        if !milestones.isEmpty {
            let names = milestones.map { (RunDirectory.stepName($0), "step \(grouped($0))") }
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
        return Page.html(
            title: "\(preset): \(directory.name)",
            """
            <h1>\(escaped(preset)) <small>\(escaped(directory.name))</small></h1>
            <p>\(escaped(headline))</p>
            \(try pictures())
            \(try milestoneFigures())
            \(quality)
            \(try health())
            \(curves)
            \(try grids())
            <h2>The networks</h2>
            \(network(options.gan.generator))
            \(network(options.gan.discriminator))
            \(try table())
            <h2>Going on</h2>
            \(commands)
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
                try Page.figure(directory.gifPath, "the same seeds as training goes", kind: "gif"),
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

    private var curves: String {
        journal.isEmpty
            ? "" : "<h2>Curves</h2>\n<div class=\"wide\">\(Curves(journal).svg)</div>"
    }

    /// At most twelve grids of samples, evenly spaced.
    private func grids() throws -> String {
        var previous = 0
        let figures = try directory.sampleSteps(atMost: 12).map { step in
            let reports = journal.filter { previous < $0.step && $0.step <= step }
            previous = step
            var caption = "step \(grouped(step))"
            if let last = reports.last, last.step == step {
                caption += ", epoch \(fixed(last.epoch, 1)): \(MeanAccuracy(reports).text)"
            }
            return try Page.figure(directory.samplePath(RunDirectory.stepName(step)), caption)
        }
        return Page.section(
            "As training goes", figures,
            note:
                "D accuracy is the share of \(options.gan.noun) that the discriminator classified correctly, over the steps since "
                + "the picture before.")
    }

    private func network(_ network: Sequential) -> String {
        "<details><summary>\(escaped(network.name)): \(grouped(network.parameterCount)) parameters</summary>"
            + "<pre class=\"wide\">\(escaped(network.summary()))</pre></details>"
    }

    private func table() throws -> String {
        let leaves = try JSONValue(encoding: options).leaves.sorted { $0.key < $1.key }
        return "<h2>Options</h2>\n<details><summary>\(leaves.count) options</summary>"
            + Page.table(leaves.map { [$0.key, $0.value.text] }) + "</details>"
    }

    /// The metrics of the best and the last evaluation; empty if there was none.
    private var quality: String {
        guard let found = BestAndLast(journal) else { return "" }
        let rows = zip(found.about, found.rows.dropFirst()).map { $1 + [$0] }
        return
            "<h2>How good it is</h2>\n<p>Of one set of \(grouped(options.training.metricsSamples)) samples, "
            + "and of as many real ones in their place.</p>\n"
            + Page.table(head: found.rows[0] + [""], rows)
    }

    /// What ails the run; empty before the first measurement.
    private func health() throws -> String {
        let doctor = try Doctor(
            signals: HealthRecord.read(directory.healthPath), gan: options.gan)
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
            "ganymede interpolate \(run) --seeds 0-7 --loop -o walk.\(options.gan.makesPoints ? "png" : "gif")",
        ]
        return "<pre class=\"wide\">\(escaped(lines.joined(separator: "\n")))</pre>"
    }
}
