/// Runs side by side on one page: what differs between them, how good they are, their curves, their images.
public struct Comparison {
    private struct Run {
        let directory: RunDirectory
        let options: RunOptions
        let journal: [StepReport]
        let evaluation: Evaluation?
        var name: String { directory.name }
    }
    private let runs: [Run]

    /// - Parameter runs: folders of runs, and what evaluating each of them found.
    public init(_ runs: [(path: String, evaluation: Evaluation?)]) throws {
        self.runs = try runs.map { path, evaluation in
            let directory = try RunDirectory.open(path)
            return Run(
                directory: directory, options: try directory.options(),
                journal: try Journal.read(directory.journalPath), evaluation: evaluation)
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
            \(quality)
            <h2>Options that differ</h2>
            \(try differing())
            <h2>Curves</h2>
            <div class="wide">\(Curves(comparing: runs.map { ($0.name, $0.journal) }).svg)</div>
            \(try grids())
            """)
        try Files.writeAtomically(path, text: page)
    }

    /// A row for each of `rows`, a column for each run, and others besides.
    private func table(
        _ rows: [(name: String, cells: [String])], others: [String] = []
    ) -> String {
        let names = runs.map(\.name) + others
        let head = "<tr><th></th>" + names.map { "<th>\(escaped($0))</th>" }.joined() + "</tr>"
        let body = rows.map { row in
            "<tr><td>\(escaped(row.name))</td>"
                + row.cells.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
        }
        return "<div class=\"wide\"><table>\(head)\n\(body.joined(separator: "\n"))</table></div>"
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

    private var quality: String {
        guard let first = runs.compactMap(\.evaluation).first else { return "" }
        let rows = first.figures.map { figure in
            (
                name: figure.name,
                cells: runs.map { $0.evaluation?.figure(figure.name)?.text ?? "-" }
                    + [short(figure.real), Metrics.about(figure.name)]
            )
        }
        return
            "<h2>How good they are</h2>\n<p>\(first.sets) sets of \(grouped(first.samples)) samples each, "
            + "judged by \(escaped(first.data)); beside them real samples in their place.</p>\n"
            + table(rows, others: ["real", ""])
    }

    private func differing() throws -> String {
        let leaves = try runs.map { try JSONValue(encoding: $0.options).leaves }
        let keys = Set(leaves.flatMap(\.keys)).sorted().filter { key in
            leaves.contains { $0[key] != leaves[0][key] }
        }
        if keys.isEmpty { return "<p>None.</p>" }
        return table(keys.map { key in (key, leaves.map { $0[key]?.text ?? "-" }) })
    }

    private func grids() throws -> String {
        let last = try runs.map { run in
            let step = try run.directory.sampleSteps().last ?? 0
            return try Page.figure(
                run.directory.samplePath(RunDirectory.stepName(step)),
                "\(run.name), step \(grouped(step))")
        }
        let films = try runs.map { run in
            try Page.figure(run.directory.gifPath, "\(run.name), as training went", kind: "gif")
        }
        return Page.section("Generated", last + films, columns: runs.count)
    }
}
