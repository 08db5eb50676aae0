/// A grid of runs: every combination of values, each with every seed.
/// ```yaml
/// name: rates
/// options: {preset: mlp, steps: 2000}
/// grid:
///   loss: [non-saturating, hinge]
///   learning-rate: ["2e-4,2e-4", "1e-4,4e-4"]
/// seeds: [0, 1, 2]
/// ```
package struct Sweep: Sendable {
    /// A run of the grid.
    package struct Run: Equatable, Sendable {
        /// Its folder.
        package let path: String
        /// What it has of the grid, such as `loss=hinge`; the same for all seeds.
        package let group: String
        package let seed: Int
        /// For `ganymede train`, the seed and the folder included.
        package let arguments: [String]
    }

    /// Its runs are in `runs/NAME/`.
    package let name: String
    package let runs: [Run]

    /// More runs than this are a mistake in the file.
    package static let most = 10_000

    /// Reads a sweep. Throws a usage error with the place in the file.
    ///
    /// - Parameter flags: the options of `ganymede train` without their dashes; other keys are set as `--set` does.
    package init(_ file: PartialOptions, flags: Set<String>) throws {
        func fault(_ text: String, at path: [String]) -> GanymedeError {
            let place = file.place(path).map { ", \($0)" } ?? ""
            return .invalidOption(Message("\(file.source)\(place): \(text)"))
        }
        let known = ["name", "options", "grid", "seeds"]
        guard case .object(let fields) = file.json else {
            throw fault("a sweep holds the keys \(known.joined(separator: ", "))", at: [])
        }
        for key in fields.keys.sorted() where !known.contains(key) {
            throw fault(
                "there is no key \"\(key)\".\(suggestion(for: key, among: known)) Keys: \(known.joined(separator: ", "))",
                at: [key])
        }
        guard case .string(let name) = fields["name"],
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }),
            name.first?.isLetter ?? false || name.first?.isNumber ?? false
        else {
            throw fault("name: is a word of letters, digits, - and _ for a folder", at: ["name"])
        }
        self.name = name

        func object(_ key: String) throws -> [(key: String, value: JSONValue)] {
            switch fields[key] ?? .object([:]) {
            case .object(let values): return values.sorted { $0.key < $1.key }
            default: throw fault("\(key): holds keys and values", at: [key])
            }
        }
        func argument(_ key: String, _ value: JSONValue, at path: [String]) throws -> [String] {
            if key == "seed" || key == "out" {
                throw fault("\(key) is chosen by the sweep", at: path)
            }
            return flags.contains(key)
                ? ["--\(key)", value.plain] : ["--set", "\(key)=\(value.plain)"]
        }
        var seeds = [0]
        if let given = fields["seeds"] {
            guard case .array(let items) = given, !items.isEmpty else {
                throw fault("seeds: is a list such as [0, 1, 2]", at: ["seeds"])
            }
            seeds = try items.map {
                guard case .integer(let seed) = $0, seed >= 0 else {
                    throw fault(
                        "a seed is a whole number from 0 on, not \($0.plain)", at: ["seeds"])
                }
                return seed
            }
        }
        let shared = try object("options").flatMap { key, value in
            try argument(key, value, at: ["options", key])
        }
        var groups: [(name: String, arguments: [String])] = [("", [])]
        for (key, value) in try object("grid") {
            guard case .array(let values) = value, !values.isEmpty else {
                throw fault("\(key): is a list of values", at: ["grid", key])
            }
            groups = try groups.flatMap { group in
                try values.map { value in
                    let short = key.split(separator: ".").last.map(String.init) ?? key
                    return (
                        group.name + (group.name.isEmpty ? "" : " ") + "\(short)=\(value.plain)",
                        group.arguments + (try argument(key, value, at: ["grid", key]))
                    )
                }
            }
            guard groups.count * seeds.count <= Sweep.most else {
                throw fault("the grid has more than \(Sweep.most) runs", at: ["grid", key])
            }
        }
        guard Set(groups.map(\.name)).count == groups.count, Set(seeds).count == seeds.count else {
            throw fault("a value is there twice", at: ["grid"])
        }
        let runs = groups.flatMap { group in
            seeds.map { seed in
                let path = "runs/\(name)/\(Sweep.folder(group.name))seed-\(seed)"
                return Run(
                    path: path, group: group.name, seed: seed,
                    arguments: shared + group.arguments + ["--seed", "\(seed)", "--out", path])
            }
        }
        guard Set(runs.map(\.path)).count == runs.count else {
            throw fault("two values of the grid would have one folder", at: ["grid"])
        }
        self.runs = runs
    }

    /// A folder's name for a group: letters, digits and a few signs.
    private static func folder(_ group: String) -> String {
        group.isEmpty
            ? ""
            : String(
                group.map {
                    $0.isASCII && ($0.isLetter || $0.isNumber || ".-".contains($0))
                        ? $0 : ($0 == "=" ? "-" : "_")
                })
                + "_"
    }

    /// A script that runs the grid as an array of Slurm jobs, one run each.
    ///
    /// - Parameters:
    ///   - program: the path of `ganymede`.
    ///   - file: the path of the sweep's file.
    ///   - folder: where the runs are.
    package func slurmScript(program: String, file: String, folder: String) -> String {
        """
        #!/bin/sh
        # The sweep \(name): \(runs.count) runs. sbatch this script; what a partition or an account needs goes here, too.
        #SBATCH --job-name=\(name)
        #SBATCH --array=0-\(runs.count - 1)
        #SBATCH --ntasks=1
        #SBATCH --cpus-per-task=2
        #SBATCH --output=\(name)-%a.log
        cd \(quoted(folder)) || exit 1
        exec \(quoted(program)) sweep \(quoted(file)) --only "$SLURM_ARRAY_TASK_ID"

        """
    }
}

/// Runs that differ in their seeds alone, with the mean and the standard deviation of what they report.
package struct SeedGroups {
    /// A group's figures by name.
    package struct Group {
        package let name: String
        package let seeds: [Int]
        package let figures: [String: (mean: Double, deviation: Double?)]
    }
    package let groups: [Group]

    /// - Parameter runs: each with its group, its seed and its figures.
    package init(_ runs: [(group: String, seed: Int, figures: [String: Double])]) {
        var names: [String] = []
        for run in runs where !names.contains(run.group) { names.append(run.group) }
        groups = names.map { name in
            let own = runs.filter { $0.group == name }
            var figures: [String: (mean: Double, deviation: Double?)] = [:]
            for key in Set(own.flatMap(\.figures.keys)) {
                let values = own.compactMap { $0.figures[key] }
                let mean = values.reduce(0, +) / Double(values.count)
                let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
                figures[key] = (
                    mean, values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
                )
            }
            return Group(name: name, seeds: own.map(\.seed), figures: figures)
        }
    }

    /// A head and a row for each group: those of `columns` that some group has.
    package func rows(_ columns: [String]) -> [[String]] {
        let shown = columns.filter { column in groups.contains { $0.figures[column] != nil } }
        return [["", "seeds"] + shown]
            + groups.map { group in
                [group.name.isEmpty ? "all" : group.name, "\(group.seeds.count)"]
                    + shown.map { column in
                        guard let (mean, deviation) = group.figures[column] else { return "-" }
                        return short(mean) + (deviation.map { " ± \(short($0))" } ?? "")
                    }
            }
    }
}

extension JSONValue {
    /// As a person writes it: a text without quotation marks.
    fileprivate var plain: String { if case .string(let text) = self { text } else { text } }
}
