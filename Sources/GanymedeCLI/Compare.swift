import ArgumentParser
import Ganymede

/// `ganymede compare`
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare runs on one HTML page: metrics, options, curves, samples.")

    @Argument(help: ArgumentHelp("Folders of runs, two or more.", valueName: "run"))
    var folders: [String]
    @Option(name: .shortAndLong, help: "The page to write.") var output = "compare.html"
    @Option(help: "Samples in a set (default: as evaluate).")
    var samples: Int?
    @Option(
        help: "The evaluator's file (default: each run's own, or the one that comes with the data)."
    )
    var evaluator: String?
    @Flag(help: "Omit the metrics, which take some seconds for each run.") var noMetrics = false
    @Flag(help: "Only print errors.") var quiet = false

    func run() throws {
        if folders.count < 2 {
            throw GanymedeError.invalidOption(
                "compare takes two runs or more, not \(folders.count)")
        }
        if let samples, !(1...1_000_000).contains(samples) {
            throw GanymedeError.invalidOption("--samples is from 1 to a million, not \(samples)")
        }
        guard output.hasSuffix(".html") else {
            throw GanymedeError.invalidOption("--output ends in .html, not \"\(output)\"")
        }
        try Files.checkWritable(output)
        // Open all before the slow evaluations, so that errors show early.
        let directories = try folders.map { try RunDirectory.open($0) }
        let runs = try directories.map { directory -> (path: String, evaluation: Evaluation?) in
            if noMetrics { return (directory.path, nil) }
            let task = try EvaluationTask(directory.path, data: nil, evaluator: evaluator)
            let evaluation = try task.evaluation(
                called: directory.path, samples: samples ?? task.defaultSamples, isShown: !quiet)
            return (directory.path, evaluation)
        }
        try Comparison(runs).write(output)
        if !quiet { print("written: \(quoted(output))") }
    }
}
