import ArgumentParser
import Ganymede

/// `ganymede evaluator`
struct EvaluatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluator",
        abstract: "Train and list the classifiers that metrics are computed with.",
        subcommands: [EvaluatorTrain.self, List.self])
}

extension EvaluatorCommand {
    /// `ganymede evaluator list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "List the evaluators inside this command, their accuracy and how they were made.",
            discussion: "With files: list those instead.")

        @Argument(help: "Files that ganymede evaluator train wrote.") var files: [String] = []

        func run() throws {
            if files.isEmpty {
                for name in Evaluator.shippedNames {
                    if let evaluator = try Evaluator.shipped(for: name) { print(evaluator.text) }
                }
            }
            for file in files { print(try Evaluator(reading: file).text) }
        }
    }
}

/// `ganymede evaluator train`
struct EvaluatorTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a classifier on images, and test it on others.",
        discussion: """
            MNIST and Fashion-MNIST have a test split; of other data a seventh of each class, chosen by the seed, is \
            kept for the test. Ctrl-C stops and writes nothing. Pictures without labels teach it to tell changed \
            copies of single pictures apart: then metrics that need classes are left out.
            """)

    @Option(
        help:
            "mnist, fashion-mnist, a folder with a sub-folder of pictures for each class, or IDX files with labels."
    ) var data: String
    @Option(name: .shortAndLong, help: "The file to write (default: evaluator-NAME.safetensors).")
    var output: String?
    @Option(help: "Epochs (default: 12, more for few images).")
    var epochs: Int?
    @Option(help: "Images in a batch.") var batch = EvaluatorTrainer().batch
    @Option(help: "Peak learning rate of the one-cycle schedule.") var learningRate =
        EvaluatorTrainer().learningRate
    @Option(help: "Share of the images that is held out to fit the temperature.")
    var heldShare = EvaluatorTrainer().heldShare
    @Option(help: "Random seed, not negative.") var seed = 0
    @Option(help: "CPU threads (default: all processors).") var threads: Int?
    @Option(help: "auto, f32 or bf16.") var precision = "auto"
    @Option(help: "Side of an image in pixels.") var size = 28
    @Option(help: "1 for grey, 3 for colour.") var channels = 1
    @Option(help: "Also write a confusion matrix: .png or .svg.")
    var confusion: String?
    @Flag(help: "Mirror half of the pictures, as is done for fashion-mnist.") var mirror = false
    @Flag(
        name: .customLong("no-labels"), help: "Learn without labels, from changed copies of images."
    )
    var noLabels = false
    @Flag(help: "Only print errors.") var quiet = false

    func run() throws {
        var trainer = try trainer()
        let source = DataSource(data)
        if try noLabels || !source.hasClasses() { trainer.supervision = .exemplars }
        let path = output ?? "evaluator-\(data.split(separator: "/").last ?? "data").safetensors"
        for file in [path, confusion].compactMap({ $0 }) { try Files.checkWritable(file) }
        let loading = LoadingLine("reading pictures", isShown: !quiet)
        let load = trainer.supervision == .labels ? source.loadLabelled : source.loadExemplars
        let (training, test) = try load(size, channels, seed, .standard) {
            loading.show($0, of: $1)
        }
        if trainer.supervision == .exemplars, !noLabels {
            note(
                "\(quoted(data)) has no classes: the evaluator learns without labels, from changed copies of images, and metrics of classes are left out"
            )
        }
        let start = Machine.seconds()
        var line = ProgressLine("evaluator of \(quoted(data))")
        Interrupt.install()
        Interrupt.begin()
        let made = try trainer.train(
            on: training, test: test, command: trainer.command(data, size: size, channels: channels)
        ) {
            if !quiet { line.show($0) }
        } shouldStop: {
            Interrupt.isRequested
        }
        line.finish()
        guard let evaluator = made else {
            if !quiet { print("Stopped: nothing was written.") }
            throw ExitCode(130)
        }
        try evaluator.write(to: path)
        if let confusion { try evaluator.confusion(on: test).write(to: confusion) }
        if quiet { return }
        print(evaluator.quality.text)
        print("\(quoted(path)), made in \(duration(Machine.seconds() - start))")
    }

    /// The trainer of these options, which are checked.
    private func trainer() throws -> EvaluatorTrainer {
        if let confusion, !["png", "svg"].contains(Files.ending(confusion)) {
            throw GanymedeError.invalidOption(
                "--confusion ends in .png or .svg, not \"\(confusion)\"")
        }
        guard (4...256).contains(size) else {
            throw GanymedeError.invalidOption("--size is from 4 to 256, not \(size)")
        }
        guard channels == 1 || channels == 3 else {
            throw GanymedeError.invalidOption("--channels is 1 or 3, not \(channels)")
        }
        var trainer = EvaluatorTrainer()
        trainer.epochs = epochs
        trainer.batch = batch
        trainer.learningRate = learningRate
        trainer.heldShare = heldShare
        trainer.seed = seed
        trainer.threads = threads ?? trainer.threads
        trainer.precision = try parseChoice(precision, "precision", Precision.self)
        if mirror { trainer.mirrors = true }
        if let fault = trainer.fault { throw GanymedeError.invalidOption(fault) }
        trainer.threads = takeThreads(trainer.threads)
        return trainer
    }
}
