import ArgumentParser
import Ganymede
import Glibc

/// `ganymede evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Compute quality metrics of generated samples, beside the same metrics of real ones.",
        discussion: """
            SOURCE is a run's folder, a checkpoint (RUN/checkpoints/best, too), a folder of pictures, a .npy file of \
            bytes [N, H, W, C], an IDX file, or a dataset by name. Of samples with labels (a sub-folder of pictures \
            for each class) gan_test is computed, too, and gan_train where it is named: it takes minutes.
            """)

    @Argument(help: "A run, a checkpoint, or images.") var source: String
    @Option(help: "The reference dataset (default: the run's own, or mnist).") var data: String?
    @Option(help: "Names such as fid,precision (default: all that apply).")
    var metrics: String?
    @Option(
        help:
            "Samples in a set, generated and real (default: 10000; stacked-mnist 26000, points 2500)."
    )
    var samples: Int?
    @Option(help: "Sets of generated samples; the spread is their standard deviation.") var sets = 3
    @Option(help: "Random seed, not negative.") var seed = 0
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: "An evaluator's file (default: the one that comes with the dataset).")
    var evaluator: String?
    @Option(help: "Also write a .png of samples, each beside its nearest training images.")
    var neighbours: String?
    @Option(
        help: "Also write a confusion matrix of labelled samples: .png or .svg."
    )
    var confusion: String?
    @Option(help: "ema or raw: which of a run's weights make samples (default: ema).")
    var weights: String?
    @Option(help: Ranks.help) var distributed: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        for (name, value, range) in [
            ("--samples", samples ?? 1, 1...1_000_000), ("--sets", sets, 1...1000),
            ("--seed", seed, 0...1_000_000), ("--threads", threads ?? 1, 1...1024),
        ] where !range.contains(value) {
            throw GanymedeError.invalidOption(
                "\(name) is from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
        if let neighbours, !neighbours.hasSuffix(".png") {
            throw GanymedeError.invalidOption("--neighbours ends in .png, not \"\(neighbours)\"")
        }
        if let confusion, !["png", "svg"].contains(Files.ending(confusion)) {
            throw GanymedeError.invalidOption(
                "--confusion ends in .png or .svg, not \"\(confusion)\"")
        }
        for file in [neighbours, confusion].compactMap({ $0 }) { try Files.checkWritable(file) }
        let names = try metrics.map(parseMetrics)
        let ranks = try Ranks.join(distributed)
        if let threads = threads ?? ranks?.threads { _ = takeThreads(threads) }
        let task = try EvaluationTask(
            source, data: data, evaluator: evaluator, weights: parseWeights(weights))
        let count = samples ?? task.defaultSamples
        if let confusion, Ranks.isFirst {
            try task.confusion(samples: count, seed: seed).write(to: confusion)
        }
        if let neighbours, Ranks.isFirst {
            let line = LoadingLine("neighbours")
            defer { line.finish() }
            let picture = try task.neighbours(seed: seed) { line.show($0) }
            try Files.writeAtomically(neighbours, [picture.png()])
        }
        let evaluation = try task.evaluation(
            called: source, names: names, samples: count, sets: sets, seed: seed,
            isShown: Ranks.isFirst, communicator: ranks?.communicator)
        if !Ranks.isFirst { return }
        if json { return print(evaluation.json) }
        let terminal = Terminal.of(STDOUT_FILENO)
        print(terminal.readable(evaluation.text(of: source, within: terminal.columns)))
    }
}

extension EvaluationTask {
    /// Computes the metrics, with a progress line.
    func evaluation(
        called name: String, names: [String]? = nil, samples: Int, sets: Int = 3, seed: Int = 0,
        isShown: Bool = true, communicator: (any Communicator)? = nil
    ) throws -> Evaluation {
        let line = LoadingLine("evaluating \(quoted(name))", isShown: isShown)
        defer { line.finish() }
        return try evaluation(
            names: names, samples: samples, sets: sets, seed: seed, communicator: communicator
        ) { line.show($0) }
    }
}

/// Parses `fid,precision` as names of metrics.
func parseMetrics(_ text: String) throws -> [String] {
    let names = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
    if names.isEmpty {
        throw GanymedeError.invalidOption("--metrics is a list such as fid,precision")
    }
    for name in names { _ = try Metrics.named(name) }
    return names
}
