/// A page that compares runs: the options that differ, metrics, curves and images.
public struct Comparison {
    private struct Run {
        let directory: RunDirectory
        let options: RunOptions
        let journal: [StepReport]
        let evaluation: Evaluation?
        /// Why there is no evaluation, or what is missing in it.
        let notes: [String]
        /// The folder's name, or the whole path if another run's folder has the same name.
        let name: String
    }
    private let runs: [Run]

    /// - Parameter runs: folders of runs, each with its evaluation if there is one.
    public init(_ runs: [(path: String, evaluation: Evaluation?)]) throws {
        try self.init(runs.map { ($0.path, $0.evaluation, nil) })
    }

    /// - Parameter runs: folders of runs, each with its evaluation, or with the reason why there is none.
    package init(_ runs: [(path: String, evaluation: Evaluation?, missing: String?)]) throws {
        let names = runs.map { RunDirectory(path: $0.path).name }
        self.runs = try zip(runs, names).map { run, name in
            let directory = try RunDirectory.open(run.path)
            return Run(
                directory: directory, options: try directory.options(),
                journal: try directory.journal(), evaluation: run.evaluation,
                notes: (run.evaluation?.notes ?? [])
                    + [run.missing].compactMap { $0.map { "not evaluated: \($0)" } },
                name: names.count { $0 == name } > 1 ? run.path : name)
        }
    }

    /// Writes the page.
    public func write(_ path: String) throws {
        let names = runs.map(\.name).joined(separator: ", ")
        let page = Page.html(
            title: "Ganymede: \(names)",
            """
            <h1>\(runs.count) runs side by side</h1>
            <h2>How they went</h2>
            \(table(facts))
            \(try overSeeds())
            \(quality)
            <h2>Curves</h2>
            \(lines)
            <div class="wide">\(Curves(comparing: runs.map { ($0.name, $0.journal) }).svg)</div>
            <div class="words">\(["d_loss", "g_loss", "d_acc", "g_acc"].map(Page.explained).joined())</div>
            \(try grids())
            <h2>Options that differ</h2>
            \(try differing())
            \(Page.glossary)
            """)
        try Files.writeAtomically(path, text: page)
    }

    /// A row for each of `rows`, a column for each run.
    private func table(_ rows: [(name: String, cells: [String])]) -> String {
        Page.table(
            head: [""] + runs.map(\.name),
            rows.map { [.text($0.name)] + $0.cells.map(Page.Cell.text) })
    }

    /// The line of each run in the charts, with its whole name.
    private var lines: String {
        let items = runs.enumerated().map { index, run in
            var canvas = SVGCanvas()
            canvas.line([(1, 5), (39, 5)], .curve(.run(index)))
            return
                "<li>\(canvas.element(width: 40, height: 10, title: "line"))\(escaped(run.name))</li>"
        }
        return "<ul class=\"lines\">\(items.joined())</ul>"
    }

    private var facts: [(name: String, cells: [String])] {
        func row(_ name: String, _ cell: (Run, StepReport) -> String) -> (String, [String]) {
            (name, runs.map { cell($0, $0.journal.last ?? StepReport()) })
        }
        return [
            row("system") { run, _ in run.options.preset ?? "gan" },
            row("data") { run, _ in Files.name(run.options.data) },
            row("steps") { grouped($1.step) },
            row("epochs") { fixed($1.epoch, 1) },
            row("training time") { duration($1.seconds) },
            row("images a second") {
                $1.seconds > 0 ? fixed(Double($1.images) / $1.seconds, 0) : "-"
            },
            row("generator's parameters") { run, _ in
                grouped(run.options.gan.generator.parameterCount)
            },
            row("discriminator's parameters") { run, _ in
                grouped(run.options.gan.discriminator.parameterCount)
            },
        ]
    }

    /// A table for each evaluation task: metrics of different data or evaluators cannot be compared.
    private var quality: String {
        var references: [Evaluation] = []
        for one in runs.compactMap(\.evaluation)
        where !references.contains(where: { $0.isComparable(with: one) }) {
            references.append(one)
        }
        let notes = sharedNotes
        if references.isEmpty && notes.isEmpty { return "" }
        return "<h2>How good they are</h2>\n"
            + references.map { quality(comparedWith: $0) }.joined()
            + (notes.isEmpty ? "" : "<p>\(notes.map(escaped).joined(separator: "<br/>\n"))</p>")
    }

    /// Each note once, with the runs that it is about.
    private var sharedNotes: [String] {
        var notes: [(text: String, runs: [String])] = []
        for run in runs {
            for text in run.notes {
                if let place = notes.firstIndex(where: { $0.text == text }) {
                    notes[place].runs.append(run.name)
                } else {
                    notes.append((text, [run.name]))
                }
            }
        }
        return notes.map { text, names in
            (names.count == runs.count ? "All runs" : names.joined(separator: ", ")) + ": \(text)"
        }
    }

    private func quality(comparedWith reference: Evaluation) -> String {
        let evaluated = runs.compactMap { run in
            run.evaluation.flatMap { $0.isComparable(with: reference) ? (run.name, $0) : nil }
        }
        var figures: [Figure] = []
        for figure in evaluated.flatMap({ $0.1.figures })
        where !figures.contains(where: { $0.name == figure.name }) {
            figures.append(figure)
        }
        let rows = figures.map { figure in
            let found = evaluated.map { $0.1.figure(figure.name) }
            return [.figure(figure.name)]
                + Page.Cell.figures(
                    figure.name, found.map { (value: $0?.value, text: $0?.text ?? "-") })
                + [.text(short(figure.real)), .about(figure.about)]
        }
        let lines =
            [
                "Beside \(grouped(reference.samples)) real samples of \(reference.data) in their place\(reference.viewpoint). \u{2605} is the best of its row."
            ]
            + [reference.chance].compactMap { $0 }
        return "<p>\(lines.map(escaped).joined(separator: "<br/>\n"))</p>\n"
            + Page.table(head: [""] + evaluated.map(\.0) + ["real", ""], rows)
    }

    /// Means of the metrics over runs that differ in their seeds alone; empty if no two do.
    private func overSeeds() throws -> String {
        let leaves = try runs.map { run in
            try JSONValue(encoding: run.options).leaves.filter { $0.key != "seed" }
        }
        let keys = Set(leaves.flatMap(\.keys)).sorted(by: isBefore).filter { key in
            leaves.contains { $0[key] != leaves[0][key] }
        }
        let names = leaves.map { own in
            keys.map { "\($0.split(separator: ".").last ?? "")=\(own[$0]?.text ?? "-")" }
                .joined(separator: " ")
        }
        if Set(names).count == runs.count { return "" }
        var columns: [String] = []
        let found = zip(runs, names).map { run, name in
            var figures: [String: Double] = [:]
            for figure in run.evaluation?.figures ?? [] {
                figures[figure.name] = figure.value
                if !columns.contains(figure.name) { columns.append(figure.name) }
            }
            return (group: name, seed: run.options.training.seed, figures: figures)
        }
        if columns.isEmpty { return "" }
        let rows = SeedGroups(found).rows(columns)
        return
            "<h2>Over seeds</h2>\n<p>Mean ± standard deviation of runs that differ in their seeds alone.</p>\n"
            + Page.table(head: rows[0], rows.dropFirst().map { $0.map(Page.Cell.text) })
    }

    private func differing() throws -> String {
        let leaves = try runs.map { try JSONValue(encoding: $0.options).leaves }
        let keys = Set(leaves.flatMap(\.keys)).sorted(by: isBefore).filter { key in
            leaves.contains { $0[key] != leaves[0][key] }
        }
        if keys.isEmpty { return "<p>None.</p>" }
        // Collapsed if long: between different systems every layer differs.
        let isOpen = keys.count > 12 ? "" : " open=\"open\""
        return "<details\(isOpen)><summary>\(keys.count) options</summary>"
            + table(keys.map { key in (key, leaves.map { $0[key]?.text ?? "-" }) }) + "</details>"
    }

    private func grids() throws -> String {
        // A run that was killed may have no pictures yet.
        let last = try runs.compactMap { run -> String? in
            guard let step = try run.directory.sampleSteps().last else { return nil }
            return try Page.figure(
                run.directory.samplePath(RunDirectory.stepName(step)),
                "\(run.name), step \(grouped(step))")
        }
        let films = try runs.enumerated().compactMap { index, run -> String? in
            let frames = try run.directory.frames(
                atMost: 16, channels: run.options.gan.pictureChannels)
            return frames.isEmpty
                ? nil
                : try Page.film(frames, "\(run.name), as training went", name: "film-\(index)")
        }
        return Page.section("Generated", last + films, columns: min(runs.count, 6))
    }
}
