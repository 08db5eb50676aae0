#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Shows a run as it goes: one line that is rewritten on a terminal, a line now and then elsewhere.
public struct ProgressLine {
    private let name: String
    /// What it counts, short: images or points.
    private let unit: String
    private let isTerminal: Bool
    private let interval: Double
    private var lastShown = -Double.infinity
    /// Whether the cursor stands at the end of a line that will be rewritten.
    private var isOpen = false

    /// A line on standard output that starts with the preset's name.
    init(_ options: RunOptions) {
        self.init(options.preset ?? "gan", unit: options.gan.makesPoints ? "points" : "img")
    }

    /// A line on standard output that starts with `name` and counts `unit`.
    public init(_ name: String, unit: String = "img") {
        self.name = name
        self.unit = unit
        isTerminal = isatty(STDOUT_FILENO) == 1
        interval = isTerminal ? 0.1 : 5
    }

    /// Says what is about to be trained, on what, and where.
    ///
    /// - Parameter fewerThreads: why there are not as many as were asked for.
    func begin(_ session: TrainingSession, fewerThreads: String?) {
        let (gan, training) = (session.options.gan, session.options.training)
        let epochs = Double(training.steps) / Double(session.epochSteps)
        print(
            "\(name) on \(quoted(session.options.data)): \(grouped(training.steps)) steps of \(training.batch) \(gan.noun) "
                + "(\(fixed(epochs, 1)) epochs), \(training.threads) thread\(training.threads == 1 ? "" : "s")"
                + (fewerThreads.map { " (\($0))" } ?? "") + ", \(session.plan.precision.rawValue)"
        )
        print(
            "generator \(grouped(gan.generator.parameterCount)) parameters, "
                + "discriminator \(grouped(gan.discriminator.parameterCount))")
        print("everything about the run: \(quoted(session.directory.path + "/"))")
        fflush(nil)
    }

    /// Shows `report` if it is time to, or if it is the last.
    mutating func show(_ report: StepReport, of steps: Int, secondsLeft: Double) {
        show(isLast: report.step >= steps) { [name, unit] width in
            ProgressLine.text(
                name, report, of: steps, secondsLeft: secondsLeft, unit: unit, within: width)
        }
    }

    /// Shows how far a classifier is, if it is time to or if it is done.
    public mutating func show(_ progress: EvaluatorTrainer.Progress) {
        show(isLast: progress.step >= progress.steps) { [name] width in
            ProgressLine.text(name, progress, within: width)
        }
    }

    private mutating func show(isLast last: Bool, _ makeText: (_ width: Int) -> String) {
        let now = Machine.seconds()
        guard last || now - lastShown >= interval else { return }
        lastShown = now
        let width = isTerminal ? columns - 1 : .max
        let text = makeText(width)
        if isTerminal {
            print("\r" + text.prefix(width) + "\u{1b}[K", terminator: last ? "\n" : "")
            isOpen = !last
        } else {
            print(text)
        }
        fflush(nil)
    }

    /// Says on a line that stays what a grid of samples was saved with; the progress goes on below it.
    mutating func announce(_ report: StepReport, _ accuracy: MeanAccuracy, _ sample: String) {
        let text =
            "step \(report.step)  epoch \(fixed(report.epoch, 1))  \(accuracy.text)  \(sample)"
        print((isTerminal ? "\r\u{1b}[K" : "") + text)
        isOpen = false
        fflush(nil)
    }

    /// Says on a line that stays what an evaluation found, beside what real samples have.
    mutating func announce(_ report: StepReport, isBest: Bool) {
        let (figures, real) = (report.metrics ?? [:], report.metricsReal ?? [:])
        let telling =
            report.isOfPoints
            ? ["coverage", "high_quality", "modes"] : ["fid", "precision", "recall", "modes"]
        let names = telling.filter { figures[$0] != nil }
        // What stands in brackets is said once: the line is to fit a terminal.
        let shown = names.enumerated().map { place, name in
            "\(name) \(figures[name].map(short) ?? "-") "
                + "(\(place == 0 ? "real " : "")\(real[name].map(short) ?? "-"))"
        }
        let text =
            "step \(report.step)  "
            + (shown.isEmpty ? "cannot be judged" : shown.joined(separator: "  "))
        print((isTerminal ? "\r\u{1b}[K" : "") + text + (isBest ? "  best so far" : ""))
        isOpen = false
        fflush(nil)
    }

    /// Leaves the line, so that other text starts on its own.
    public mutating func finish() {
        if isOpen { print() }
        isOpen = false
    }

    private var columns: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20
            ? Int(size.ws_col) : 120
    }

    /// The line, without its less important parts where it would be longer than `width`.
    package static func text(
        _ name: String, _ report: StepReport, of steps: Int, secondsLeft: Double,
        unit: String = "img", within width: Int = .max
    ) -> String {
        let parts = [
            (name, true), ("step \(report.step)/\(steps)", true),
            ("epoch \(fixed(report.epoch, 1))", false),
            (
                "D \(fixed(report.dLoss, 2)) (real \(percent(report.dAccReal)) fake \(percent(report.dAccFake)))",
                true
            ),
            ("G \(fixed(report.gLoss, 2)) (\(percent(report.gAcc)) real)", true),
            ("\(rate(report.imagesPerSecond)) \(unit)/s", false),
            (progressBar(report.step, of: steps), false),
            (
                report.step >= steps
                    ? "done in \(duration(report.seconds))" : "\(duration(secondsLeft)) left", true
            ),
        ]
        return joined(parts, within: width)
    }

    /// The same for a classifier.
    package static func text(
        _ name: String, _ progress: EvaluatorTrainer.Progress, within width: Int = .max
    ) -> String {
        joined(
            [
                (name, true), ("step \(progress.step)/\(progress.steps)", true),
                ("epoch \(fixed(progress.epoch, 1))", false),
                ("loss \(fixed(progress.loss, 3))", true),
                ("classified correctly \(percent(progress.accuracy))", true),
                ("\(rate(progress.imagesPerSecond)) img/s", false),
                (progressBar(progress.step, of: progress.steps), false),
                (
                    progress.step >= progress.steps
                        ? "done in \(duration(progress.seconds))"
                        : "\(duration(progress.secondsLeft)) left", true
                ),
            ], within: width)
    }

    /// All parts, or the important ones where there is not room for more.
    private static func joined(_ parts: [(text: String, isImportant: Bool)], within width: Int)
        -> String
    {
        let whole = parts.map(\.text).joined(separator: "  ")
        return whole.count <= width
            ? whole : parts.filter(\.isImportant).map(\.text).joined(separator: " ")
    }

    private static func rate(_ value: Double) -> String {
        value >= 1000 ? fixed(value / 1000, 1) + "k" : fixed(value, 0)
    }
}
