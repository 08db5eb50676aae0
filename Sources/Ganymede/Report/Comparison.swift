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
            <h2>Curves</h2>
            <div class="wide">\(Curves(comparing: runs.map { ($0.name, $0.journal) }).svg)</div>
            \(try grids())
            <h2>Options that differ</h2>
            \(try differing())
            """)
        try Files.writeAtomically(path, text: page)
    }

    /// A row for each of `rows`, a column for each run, and others besides.
    private func table(
        _ rows: [(name: String, cells: [String])], others: [String] = []
    ) -> String {
        Page.table(head: [""] + runs.map(\.name) + others, rows.map { [$0.name] + $0.cells })
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
        let evaluations = runs.compactMap(\.evaluation)
        // Real samples are the same for all runs that are judged by the same.
        var judges: [Evaluation] = []
        for one in evaluations where !judges.contains(where: { $0.isJudged(as: one) }) {
            judges.append(one)
        }
        guard !judges.isEmpty else { return "" }
        var names: [String] = []
        for name in evaluations.flatMap({ $0.figures.map(\.name) }) where !names.contains(name) {
            names.append(name)
        }
        let rows = names.map { name in
            (
                name: name,
                cells: runs.map { $0.evaluation?.figure(name)?.text ?? "-" }
                    + judges.map { $0.figure(name).map { short($0.real) } ?? "-" }
                    + [Metrics.about(name)]
            )
        }
        let notes = runs.flatMap { run in
            (run.evaluation?.notes ?? []).map {
                "<p>\(escaped("\(run.name): \($0)"))</p>\n"
            }
        }
        return "<h2>How good they are</h2>\n<p>Beside them real samples in their place.</p>\n"
            + table(rows, others: judges.map(\.judge) + [""]) + notes.joined()
    }

    private func differing() throws -> String {
        let leaves = try runs.map { try JSONValue(encoding: $0.options).leaves }
        let keys = Set(leaves.flatMap(\.keys)).sorted().filter { key in
            leaves.contains { $0[key] != leaves[0][key] }
        }
        if keys.isEmpty { return "<p>None.</p>" }
        // Between other systems it is every layer.
        let isOpen = keys.count > 12 ? "" : " open=\"open\""
        return "<details\(isOpen)><summary>\(keys.count) options</summary>"
            + table(keys.map { key in (key, leaves.map { $0[key]?.text ?? "-" }) }) + "</details>"
    }

    private func grids() throws -> String {
        let last = try runs.map { run in
            let step = try run.directory.sampleSteps().last ?? 0
            return try Page.figure(
                run.directory.samplePath(RunDirectory.stepName(step)),
                "\(run.name), step \(grouped(step))")
        }
        // A run that was killed has none.
        let films = try runs.filter { Files.exists($0.directory.gifPath) }.map { run in
            try Page.figure(run.directory.gifPath, "\(run.name), as training went", kind: "gif")
        }
        return Page.section("Generated", last + films, columns: runs.count)
    }
}
