/// A page that compares runs: the options that differ, metrics, curves and images.
public struct Comparison {
    private struct Run {
        let directory: RunDirectory
        let options: RunOptions
        let journal: [StepReport]
        let evaluation: Evaluation?
        /// The folder's name, or the whole path if another run's folder has the same name.
        let name: String
    }
    private let runs: [Run]

    /// - Parameter runs: folders of runs, each with its evaluation if there is one.
    public init(_ runs: [(path: String, evaluation: Evaluation?)]) throws {
        let names = runs.map { RunDirectory(path: $0.path).name }
        self.runs = try zip(runs, names).map { run, name in
            let directory = try RunDirectory.open(run.path)
            return Run(
                directory: directory, options: try directory.options(),
                journal: try Journal.read(directory.journalPath), evaluation: run.evaluation,
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
            <div class="wide">\(Curves(comparing: runs.map { ($0.name, $0.journal) }).svg)</div>
            \(try grids())
            <h2>Options that differ</h2>
            \(try differing())
            """)
        try Files.writeAtomically(path, text: page)
    }

    /// A row for each of `rows`, a column for each run.
    private func table(_ rows: [(name: String, cells: [String])]) -> String {
        Page.table(head: [""] + runs.map(\.name), rows.map { [$0.name] + $0.cells })
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
        if references.isEmpty { return "" }
        return "<h2>How good they are</h2>\n"
            + references.map { quality(comparedWith: $0) }.joined()
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
            [figure.name] + evaluated.map { $0.1.figure(figure.name)?.text ?? "-" }
                + [short(figure.real), figure.about]
        }
        let notes = evaluated.flatMap { name, found in found.notes.map { "\(name): \($0)" } }
        let lines =
            [
                "Beside \(grouped(reference.samples)) real samples of \(reference.data) in their place\(reference.viewpoint)."
            ]
            + [reference.chance].compactMap { $0 } + notes
        return "<p>\(lines.map(escaped).joined(separator: "<br/>\n"))</p>\n"
            + Page.table(head: [""] + evaluated.map(\.0) + ["real", ""], rows)
    }

    /// Means of the metrics over runs that differ in their seeds alone; empty if no two do.
    private func overSeeds() throws -> String {
        let leaves = try runs.map { run in
            try JSONValue(encoding: run.options).leaves.filter { $0.key != "seed" }
        }
        let keys = Set(leaves.flatMap(\.keys)).sorted().filter { key in
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
            + Page.table(head: rows[0], Array(rows.dropFirst()))
    }

    private func differing() throws -> String {
        let leaves = try runs.map { try JSONValue(encoding: $0.options).leaves }
        let keys = Set(leaves.flatMap(\.keys)).sorted().filter { key in
            leaves.contains { $0[key] != leaves[0][key] }
        }
        if keys.isEmpty { return "<p>None.</p>" }
        // Collapsed if long: between different systems every layer differs.
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
        // A run that was killed has no GIF.
        let films = try runs.filter { Files.exists($0.directory.gifPath) }.map { run in
            try Page.figure(run.directory.gifPath, "\(run.name), as training went", kind: "gif")
        }
        return Page.section("Generated", last + films, columns: runs.count)
    }
}
