import ArgumentParser
import Ganymede

/// `ganymede bench`
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measure the time of a training step, data loading and loss read-back included.")

    @Option(help: "A preset: see ganymede presets.") var preset: String
    @Option(help: "Measured steps, after a tenth as many that are not.") var steps = 200
    @Option(help: "Images in a batch (default: the preset's).") var batch: Int?
    @Option(help: "Side of an image in pixels (default: 28).") var size: Int?
    @Option(help: "auto, f32 or bf16.") var precision = "auto"
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: Ranks.help) var distributed: String?
    @Option(
        help: "Set an option by its path in config.json, such as regularizers=[]; repeatable.")
    var set: [String] = []
    @Flag(help: "Print one JSON object.") var json = false
    @Flag(help: "Print each kernel's time, flops and share of the machine's peak.")
    var profile = false
    @Flag(help: "Print only this machine's peak floating-point rate.")
    var peak = false

    func run() throws {
        guard (1...1_000_000).contains(steps) else {
            throw GanymedeError.invalidOption("--steps is from 1 to a million, not \(steps)")
        }
        var options = try RunOptions(preset: Presets.named(preset), size: size, batch: batch)
        let ranks = try Ranks.join(distributed)
        options.training.threads = threads ?? ranks?.threads ?? options.training.threads
        options.training.steps = steps
        options.training.precision = try parseChoice(precision, "precision", Precision.self)
        options = try options.setting(set).validated()
        options.training.threads = takeThreads(options.training.threads)
        if peak {
            let found = Peak.measured()
            if Ranks.isFirst { print(found.text) }
            return
        }
        let bench = try Benchmark(options, communicator: ranks?.communicator)
        if profile {
            let found = bench.profile()
            if Ranks.isFirst { print(found.text, terminator: "") }
            return
        }
        let result = bench.measure()
        if Ranks.isFirst { print(json ? result.json : result.text) }
    }
}
