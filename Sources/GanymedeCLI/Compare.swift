import ArgumentParser
import Ganymede

/// `ganymede compare`
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put runs side by side in one HTML page: figures, options, curves, samples.")

    @Argument(help: ArgumentHelp("Folders of runs, two or more.", valueName: "run"))
    var folders: [String]
    @Option(name: .shortAndLong, help: "The page to write.") var output = "compare.html"
    @Option(help: "Samples in a set that figures are computed from (default: as evaluate).")
    var samples: Int?
    @Flag(help: "Leave the figures out, which take some seconds a run.") var noMetrics = false
    @Flag(help: "Print nothing but errors.") var quiet = false

    func run() throws {
        if folders.count < 2 {
            throw GanymedeError.usage("compare takes two runs or more, not \(folders.count)")
        }
        if let samples, !(1...1_000_000).contains(samples) {
            throw GanymedeError.usage("--samples is from 1 to a million, not \(samples)")
        }
        guard output.hasSuffix(".html") else {
            throw GanymedeError.usage("--output ends in .html, not \"\(output)\"")
        }
        let runs = try folders.map { folder -> (path: String, evaluation: Evaluation?) in
            if noMetrics { return (folder, nil) }
            let judged = try Judged(folder, data: nil, evaluator: nil)
            if !quiet { print("evaluating \(folder)") }
            return (
                folder,
                try judged.evaluation(
                    names: nil, samples: samples ?? judged.usualSamples, sets: 3, seed: 0)
            )
        }
        try Comparison(runs).write(output)
        if !quiet { print("written: \(output)") }
    }
}
