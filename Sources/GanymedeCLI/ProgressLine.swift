import Ganymede
import Glibc

/// Shows the progress of training: one line that is rewritten on a terminal, as wide as that is now; elsewhere a new line
/// every 5 seconds.
struct ProgressLine {
    private let name: String
    /// The abbreviated unit of the rate: images or points.
    private let unit: String
    private let announcesSamples: Bool
    /// Whether accuracies mean nothing.
    private let isRelative: Bool
    private let steps: Int
    private let interval: Double
    private var lastShown = -Double.infinity
    /// Whether the cursor is at the end of a line that will be rewritten.
    private var isOpen = false

    /// A line on standard output that starts with `name`; rates are in `unit`.
    init(
        _ name: String, unit: String = "img", announcesSamples: Bool = false,
        isRelative: Bool = false, steps: Int = 0
    ) {
        self.name = name
        self.unit = unit
        self.announcesSamples = announcesSamples
        self.isRelative = isRelative
        self.steps = steps
        interval = Terminal.of(STDOUT_FILENO).columns == nil ? 5 : 0.1
    }

    /// Prints a summary of the run that starts.
    func begin(_ start: TrainingStart) {
        let (gan, training) = (start.options.gan, start.options.training)
        let epochs = fixed(Double(training.steps) / Double(start.epochSteps), 1)
        let steps = "\(grouped(training.steps)) steps of \(training.batch) \(gan.noun)"
        var how = "\(training.threads) thread\(training.threads == 1 ? "" : "s")"
        if let reason = start.fewerThreads { how += " (\(reason))" }
        if let library = start.library { how += " on each of \(start.ranks) ranks (\(library))" }
        how += ", \(start.precision.rawValue)"
        if training.backend != .cpu { how += ", \(training.backend.rawValue) backend" }
        print("\(name) on \(quoted(start.options.data)): \(steps) (\(epochs) epochs), \(how)")
        print(
            "generator \(grouped(gan.generator.parameterCount)) parameters, "
                + "discriminator \(grouped(gan.discriminator.parameterCount))")
        print("everything about the run: \(quoted(start.directory.path + "/"))")
        fflush(nil)
    }

    /// Shows `report` if the interval has passed or it is the last.
    mutating func show(_ report: StepReport, secondsLeft: Double) {
        show(isLast: report.step >= steps) { [name, unit, isRelative, steps] terminal in
            ProgressText.line(
                name, report, of: steps, secondsLeft: secondsLeft, unit: unit,
                isRelative: isRelative, on: terminal)
        }
    }

    /// Shows the progress of a classifier if the interval has passed or it is done.
    mutating func show(_ progress: EvaluatorTrainer.Progress) {
        show(isLast: progress.step >= progress.steps) { [name] terminal in
            ProgressText.line(name, progress, on: terminal)
        }
    }

    private mutating func show(isLast last: Bool, _ makeText: (Terminal) -> String) {
        let now = Machine.seconds()
        guard last || now - lastShown >= interval else { return }
        lastShown = now
        let terminal = Terminal.of(STDOUT_FILENO)
        let text = makeText(terminal)
        if terminal.columns != nil {
            print("\r" + text + "\u{1b}[K", terminator: last ? "\n" : "")
            isOpen = !last
        } else {
            print(text)
        }
        fflush(nil)
    }

    /// Prints a permanent line for a saved grid of samples; progress continues below it.
    mutating func announce(_ report: StepReport, _ accuracy: MeanAccuracy, _ sample: String) {
        guard announcesSamples else { return }
        let shares = isRelative ? "" : "  \(accuracy.text)"
        announce("step \(report.step)  epoch \(fixed(report.epoch, 1))\(shares)  \(sample)")
    }

    /// Prints a permanent line with the metrics of an evaluation and those of real samples.
    mutating func announce(_ report: StepReport, isBest: Bool, missing: [String]) {
        announce(ProgressText.evaluation(report, isBest: isBest, missing: missing))
    }

    private mutating func announce(_ text: String) {
        let terminal = Terminal.of(STDOUT_FILENO)
        print((terminal.columns == nil ? "" : "\r\u{1b}[K") + terminal.readable(text))
        isOpen = false
        fflush(nil)
    }

    /// Ends the line, so that other text starts on a new one.
    mutating func finish() {
        if isOpen { print() }
        isOpen = false
    }
}
