import ArgumentParser
import Foundation
import Ganymede
import Glibc

/// `ganymede sweep`
struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Train a grid of runs: every combination of options, each with every seed.",
        discussion: """
            The file holds a name, options for all runs, a grid of values, and seeds:
              name: rates
              options: {preset: mlp, steps: 2000}
              grid: {loss: [non-saturating, hinge], learning-rate: [2e-4, 5e-4]}
              seeds: [0, 1, 2]
            Keys are options of ganymede train, or those of --set. Runs are in runs/NAME/. Finished ones are skipped, and one \
            that was stopped is resumed.
            """)

    @Argument(help: ArgumentHelp("The sweep's YAML file.", valueName: "file")) var file: String
    @Option(help: "Train only the run of this number, from 0.") var only: Int?
    @Option(help: "Write a script for an array of Slurm jobs, one run each, and exit.")
    var slurm: String?
    @Flag(help: "List the runs with their commands, and exit.") var dryRun = false
    @Flag(help: "Only print errors.") var quiet = false

    /// The columns of the table, if runs report them.
    private static let columns = [
        "fid", "kid", "score", "precision", "recall", "density", "coverage", "modes", "mode_kl",
        "high_quality", "d_loss", "g_loss",
    ]

    func run() throws {
        Interrupt.install()
        let sweep = try Sweep(ConfigFile.read(file), flags: try Self.flags())
        // What is wrong with any run shows before the first begins.
        for run in sweep.runs {
            do { _ = try OptionResolver(Train.parse(run.arguments)).resolve() } catch {
                let text =
                    (error as? GanymedeError)?.message.forCommands ?? Train.message(for: error)
                throw GanymedeError.invalidOption(
                    Message("\(quoted(file)), the run \(quoted(run.path)): \(text)"))
            }
        }
        if let only, !sweep.runs.indices.contains(only) {
            throw GanymedeError.invalidOption(
                "--only is from 0 to \(sweep.runs.count - 1), not \(only)")
        }
        let ranks = try Ranks.join(nil)
        let prints = !quiet && Ranks.isFirst
        if dryRun {
            for run in sweep.runs where Ranks.isFirst {
                print("ganymede train \(run.arguments.map(quotedWord).joined(separator: " "))")
            }
            return
        }
        if let slurm {
            if Ranks.isFirst { try write(sweep, to: slurm) }
            return
        }
        for (number, run) in sweep.runs.enumerated() where only == nil || only == number {
            if prints { print("run \(number + 1) of \(sweep.runs.count): \(quoted(run.path))") }
            let hasBegun = Files.exists("\(run.path)/config.json")
            // Other ranks may look when the first has begun already, or may not see its folder.
            try train(run, resuming: ranks?.communicator.decision(hasBegun) ?? hasBegun)
        }
        if only == nil && prints { try show(sweep) }
    }

    private func write(_ sweep: Sweep, to script: String) throws {
        let text = sweep.slurmScript(
            program: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            file: URL(filePath: file).path, folder: FileManager.default.currentDirectoryPath)
        try Files.writeAtomically(script, text: text)
        if !quiet { print("written: \(quoted(script)), for sbatch: \(sweep.runs.count) runs") }
    }

    /// Trains a run, or what is left of it.
    private func train(_ run: Sweep.Run, resuming: Bool) throws {
        let more = quiet ? ["--quiet"] : []
        if resuming {
            try Resume.parse([run.path] + more).run()
        } else {
            try Train.parse(run.arguments + more).run()
        }
    }

    private func show(_ sweep: Sweep) throws {
        let found = try sweep.runs.map { run in
            let last = try RunDirectory.open(run.path).lastReport()
            var figures = last?.metrics ?? [:]
            if let last { figures["d_loss"] = last.dLoss; figures["g_loss"] = last.gLoss }
            return (group: run.group, seed: run.seed, figures: figures)
        }
        let table = aligned(SeedGroups(found).rows(Self.columns))
        print(
            Terminal.of(STDOUT_FILENO).readable(
                "\nAfter the last step, mean ± standard deviation over seeds:\n\(table)"))
        print("Side by side: ganymede compare runs/\(sweep.name)/* -o compare.html")
    }

    /// The options of `ganymede train` that take a value.
    private static func flags() throws -> Set<String> {
        Set(
            Train.helpMessage().split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count > 1, words[0].hasPrefix("--"), words[1].hasPrefix("<") else {
                    return nil
                }
                return String(words[0].dropFirst(2))
            })
    }
}
