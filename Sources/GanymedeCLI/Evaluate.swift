import ArgumentParser
import Ganymede
import Synchronization

/// `ganymede evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how good samples are, and beside each figure what real ones have.",
        discussion: """
            SOURCE is a run's folder, a checkpoint (RUN/checkpoints/best, too), a folder of pictures, a .npy file of \
            bytes [N, H, W, C], an IDX file, or a dataset by name. Of samples with labels (a sub-folder of pictures \
            for each class) gan_test is computed, too, and gan_train where it is named: it takes minutes.
            """)

    @Argument(help: "A run, a checkpoint, or images.") var source: String
    @Option(help: "The dataset to judge by (default: the run's own, or mnist).") var data: String?
    @Option(help: "Names such as fid,precision (default: all that mean something).")
    var metrics: String?
    @Option(help: "Samples in a set, as many real as generated (default: 10000; points 2500).")
    var samples: Int?
    @Option(help: "Sets of generated samples: the spread is between them.") var sets = 3
    @Option(help: "What the samples are drawn with, not negative.") var seed = 0
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: "An evaluator's file (default: the one that comes with the dataset).")
    var evaluator: String?
    @Option(help: "Also write a .png of samples, each beside its nearest training images.")
    var neighbours: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        for (name, value, least) in [
            ("--samples", samples ?? 1, 1), ("--sets", sets, 1), ("--seed", seed, 0),
            ("--threads", threads ?? 1, 1),
        ] where value < least || value > 1_000_000 {
            throw GanymedeError.usage("\(name) is from \(least) to a million, not \(value)")
        }
        if let neighbours, !neighbours.hasSuffix(".png") {
            throw GanymedeError.usage("--neighbours ends in .png, not \"\(neighbours)\"")
        }
        let names = try metrics.map(parseMetrics)
        if let threads { EngineThread.threads = threads }
        let judged = try Judged(source, data: data, evaluator: evaluator)
        let line = Mutex(LoadingLine("evaluating \(source)"))
        defer { line.withLock { $0.finish() } }
        let evaluation = try judged.evaluation(
            names: names, samples: samples ?? judged.usualSamples, sets: sets, seed: seed
        ) { doing in
            line.withLock { $0.show(doing) }
        }
        if let neighbours {
            try Files.writeAtomically(neighbours, [judged.neighbours(seed: seed).png()])
        }
        print(json ? evaluation.json : evaluation.text(of: source))
    }
}

/// `fid,precision` as names of figures.
func parseMetrics(_ text: String) throws -> [String] {
    let names = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
    if names.isEmpty { throw GanymedeError.usage("--metrics is a list such as fid,precision") }
    for name in names { _ = try Metrics.named(name) }
    return names
}
