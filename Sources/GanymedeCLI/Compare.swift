import ArgumentParser
import Ganymede

/// `ganymede compare`
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare runs on one HTML page: metrics, options, curves, samples.")

    @Argument(help: ArgumentHelp("Folders of runs, two or more.", valueName: "run"))
    var folders: [String]
    @Option(name: .shortAndLong, help: "The page to write.") var output = "compare.html"
    @Option(help: "Samples in a set (default: metrics_samples of the runs, the smallest of them).")
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
        let count =
            try samples ?? directories.map { try $0.options().training.metricsSamples }.min()
        var faults: [GanymedeError] = []
        let runs = try directories.map { directory in
            let (evaluation, fault) =
                noMetrics ? (nil, nil) : try evaluated(directory, samples: count)
            if let fault { faults.append(fault) }
            return (path: directory.path, evaluation: evaluation, missing: fault?.description)
        }
        // What was asked for and cannot be done for any run is an error; else the page has the figures that there are.
        if let fault = faults.first, faults.count == runs.count, evaluator != nil || samples != nil
        {
            throw fault
        }
        for (run, fault) in zip(runs.filter { $0.missing != nil }, faults) {
            note("\(quoted(run.path)) is not evaluated: \(fault.message.forCommands)")
        }
        try Comparison(runs).write(output)
        if !quiet { print("written: \(quoted(output))") }
    }

    /// The evaluation of a run, or why there is none.
    private func evaluated(
        _ directory: RunDirectory, samples: Int?
    ) throws -> (evaluation: Evaluation?, fault: GanymedeError?) {
        do {
            let task = try EvaluationTask(directory.path, data: nil, evaluator: evaluator)
            let evaluation = try task.evaluation(
                called: directory.path, samples: samples ?? task.defaultSamples, isShown: !quiet)
            return (evaluation, nil)
        } catch let error as GanymedeError {
            return (nil, error)
        }
    }
}
