import ArgumentParser
import Ganymede

/// `ganymede train`
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a GAN into a new run directory.",
        discussion: "Without options: the flagship preset on the MNIST digits inside this command.")

    @Option(help: "A preset: see ganymede presets.") var preset: String?
    @Option(
        help:
            "Start from the options in this file: commented YAML, which may hold any part (see --print-config), or a config.json."
    )
    var config: String?
    @Option(
        help:
            "A dataset by name (see ganymede data list), a folder of pictures or IDX files, an IDX file, or a .npy file."
    )
    var data: String?
    @Option(help: "Training steps (default: the preset's).") var steps: Int?
    @Option(
        help:
            "Epochs in place of --steps: passes over the data, or as the preset counts them."
    ) var epochs: Double?
    @Option(
        name: .customLong("for"),
        help:
            "Choose the number of steps for this much training, such as 60s, 5m or 1h, from the speed of the first seconds."
    )
    var duration: String?
    @Option(help: "Images in a batch (default: the preset's).") var batch: Int?
    @Option(help: "Random seed, not negative (default: 0).") var seed: Int?
    @Option(help: "Learning rate of both networks, or of generator and discriminator: X or G,D.")
    var learningRate: String?
    @Option(help: "The loss: see --set help.") var loss: String?
    @Option(help: "The optimizer of both networks: see --set help.") var optimizer: String?
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: "auto, f32 or bf16 (default: auto).") var precision: String?
    @Option(help: Ranks.help) var distributed: String?
    @Option(
        help: "cpu, or reference: slow, in double precision (default: cpu).")
    var backend: String?
    @Option(help: "The run's folder (default: the next free runs/PRESET-001).") var out: String?
    @Option(help: "Steps between sample grids (default: the preset's).") var sampleEvery: Int?
    @Option(help: "Steps between checkpoints (default: the preset's).") var checkpointEvery: Int?
    @Option(
        help:
            "The newest checkpoints that are kept, besides the best one and milestones; 0 for all (default: 3)."
    ) var keep: Int?
    @Option(
        help:
            "What happens when a step makes NaN or infinity: stop, or rollback to the last checkpoint and go on with half the learning rates, three times at most (default: stop)."
    ) var onNan: String?
    @Option(
        help:
            "Steps between evaluations, which mark the best checkpoint; 0 for none (default: a part of the run for every 1000 steps, at most four parts, if there is an evaluator)."
    ) var metricsEvery: Int?
    @Option(help: "The evaluator's file (default: the one that comes with the dataset).")
    var evaluator: String?
    @Option(help: "Side of an image in pixels (default: 28).") var size: Int?
    @Option(help: "1 for grey, 3 for colour (default: 1, or 3 for stacked-mnist).")
    var channels: Int?
    @Option(help: "Start from the weights of this run or checkpoint.") var initFrom: String?
    @Flag(name: .customLong("no-labels"), help: "Ignore the labels of the data.") var noLabels =
        false
    @Option(
        help:
            "Set an option by its path in config.json, such as label_smoothing; repeatable. help lists keys and values."
    )
    var set: [String] = []
    @Flag(help: "Print the options as commented YAML for --config, and exit.") var printConfig =
        false
    @Flag(help: "Begin anew in the folder of a run that was stopped before its first checkpoint.")
    var overwrite = false
    @Flag(help: "Load, compile and check everything, print the options, and exit.")
    var dryRun = false
    @Flag(help: "Show and steer the run on a local page: see ganymede studio.") var studio = false
    @Option(help: "The studio's port; 0 for a free one (default: 8642).") var port: Int?
    @Flag(help: "Do not open the studio's page in a browser.") var noOpen = false
    @Flag(help: "Only print errors.") var quiet = false

    func run() throws {
        Interrupt.install()
        if overwrite && out == nil {
            throw GanymedeError.invalidOption("--overwrite is for the folder that --out names")
        }
        let ranks = try Ranks.join(distributed)
        let resolved = try OptionResolver(self).resolve(threads: ranks?.threads)
        let options = resolved.options
        if set.contains("help") {
            if Ranks.isFirst { print(try options.settings().joined(separator: "\n")) }
            return
        }
        if printConfig {
            if Ranks.isFirst {
                print(try options.yaml(defaults: resolved.defaults), terminator: "")
            }
            return
        }
        // With --config, keep the precision that `auto` chose for that run, unless --precision is given.
        let plan =
            precision == nil && options.training.precision == .auto
            ? try resolved.planFile.flatMap { try Plan(file: $0) } : nil
        var trainer = Trainer(options, plan: plan)
        trainer.duration = try duration.map(parseDuration)
        trainer.keptIntervals = resolved.keptIntervals
        trainer.overwrites = overwrite
        trainer.communicator = ranks?.communicator
        let console = TrainingConsole(isQuiet: quiet)
        if dryRun {
            let checked = try trainer.check(into: out)
            if Ranks.isFirst { print(try checked.text()) }
            return
        }
        console.attach(to: &trainer)
        guard studio else { return try console.report(trainer.train(into: out)) }
        if ranks != nil { throw GanymedeError.unsupported("a run on several ranks has no studio") }
        let open = try StudioOpening(port: port, opensBrowser: !noOpen)
        try console.report(open.train(&trainer, into: out))
        open.stay(isQuiet: quiet)
    }
}

/// Parses `60s`, `5m`, `1h30m` or a number of seconds.
func parseDuration(_ text: String) throws -> Double {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    var (seconds, digits, isWrong) = (0.0, "", text.isEmpty)
    for letter in text {
        if let unit = units[letter], let number = Double(digits) {
            seconds += number * unit
            digits = ""
        } else if letter.isNumber || letter == "." {
            digits.append(letter)
        } else {
            isWrong = true
        }
    }
    if !digits.isEmpty {
        guard let number = Double(digits), seconds == 0 else {
            throw GanymedeError.invalidOption(
                "--for is a time such as 60s, 5m or 1h30m, not \"\(text)\"")
        }
        seconds = number
    }
    guard !isWrong, seconds > 0, seconds.isFinite else {
        throw GanymedeError.invalidOption(
            "--for is a time such as 60s, 5m or 1h30m, not \"\(text)\"")
    }
    return seconds
}

/// Parses one of the values of an option.
func parseChoice<Value>(_ text: String, _ what: String, _ type: Value.Type) throws -> Value
where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    if let value = Value(rawValue: text) { return value }
    let known = Value.allCases.map(\.rawValue)
    throw GanymedeError.unknownName(
        "there is no \(what) \"\(text)\"." + suggestion(for: text, among: known)
            + " \(what.prefix(1).uppercased() + what.dropFirst())s: \(known.joined(separator: ", "))"
    )
}
