/// Progress lines for a terminal.
package enum ProgressText {
    /// A piece of a line.
    private struct Part {
        let text: String
        let style: TextStyle

        init(_ text: String, _ style: TextStyle = .plain) {
            self.text = text
            self.style = style
        }
    }

    /// The line of a step: as much as fits into one line of the terminal. A loss that is relative has no accuracies.
    package static func line(
        _ name: String, _ report: StepReport, of steps: Int, secondsLeft: Double,
        unit: String = "img", isRelative: Bool = false, on terminal: Terminal = .plain
    ) -> String {
        let isDone = report.step >= steps
        let time = duration(isDone ? report.seconds : secondsLeft)
        let (run, step) = (Part(name, .bold), Part("step \(report.step)/\(steps)"))
        let dLoss = Part(
            "\(Glossary.title("d_loss")) \(fixed(report.dLoss, 2))", .discriminator)
        let gLoss = Part("\(Glossary.title("g_loss")) \(fixed(report.gLoss, 2))", .generator)
        let dShare = "\(Glossary.title("d_acc")) \(percent(report.dAcc))"
        func accuracy(_ text: String, _ style: TextStyle) -> Part? {
            isRelative ? nil : Part(text, style)
        }
        let both = accuracy(
            "\(dShare) (real \(percent(report.dAccReal)) generated \(percent(report.dAccFake)))",
            .discriminator)
        let dAccuracy = accuracy(dShare, .discriminator)
        let gAccuracy = accuracy(
            "\(Glossary.title("g_acc")) \(percent(report.gAcc))", .generator)
        let speed = Part("\(rate(report.imagesPerSecond)) \(unit)/s")
        let bar = Part(bar(report.step, of: steps, on: terminal))
        let left = Part(isDone ? "done in \(time)" : "\(time) left")
        let share = Part(percent(Double(report.step) / Double(max(steps, 1))))
        let epoch = Part("epoch \(fixed(report.epoch, 1))")
        let layouts: [[Part?]] = [
            [run, step, epoch, dLoss, both, gLoss, gAccuracy, speed, bar, left],
            [run, step, dLoss, dAccuracy, gLoss, gAccuracy, speed, bar, left],
            [step, dLoss, dAccuracy, gLoss, gAccuracy, speed, left],
            [step, dLoss, dAccuracy, gLoss, gAccuracy, left],
            [step, dLoss, gLoss, dAccuracy, left],
            [step, dLoss, gLoss, left],
            [share, dLoss, gLoss, Part(time)],
            [share, dLoss, gLoss],
        ]
        return widest(layouts.map { $0.compactMap { $0 } }, on: terminal)
    }

    /// The same for the training of a classifier.
    package static func line(
        _ name: String, _ progress: EvaluatorTrainer.Progress, on terminal: Terminal = .plain
    ) -> String {
        let isDone = progress.step >= progress.steps
        let time = duration(isDone ? progress.seconds : progress.secondsLeft)
        let (run, step) = (Part(name, .bold), Part("step \(progress.step)/\(progress.steps)"))
        let epoch = Part("epoch \(fixed(progress.epoch, 1))")
        let loss = Part("loss \(fixed(progress.loss, 3))")
        let correct = Part("classified correctly \(percent(progress.accuracy))")
        let speed = Part("\(rate(progress.imagesPerSecond)) img/s")
        let bar = Part(bar(progress.step, of: progress.steps, on: terminal))
        let left = Part(isDone ? "done in \(time)" : "\(time) left")
        return widest(
            [
                [run, step, epoch, loss, correct, speed, bar, left],
                [step, epoch, loss, correct, speed, left],
                [step, loss, correct, left],
                [step, loss, Part(percent(progress.accuracy)), Part(time)],
                [step, loss],
            ], on: terminal)
    }

    /// The first layout that fits into a line, or the start of the last one.
    private static func widest(_ layouts: [[Part]], on terminal: Terminal) -> String {
        // A character in the last column would move some terminals to the next line.
        let width = terminal.columns.map { $0 - 1 } ?? .max
        func length(_ parts: [Part]) -> Int {
            parts.map(\.text.count).reduce(0, +) + 2 * (parts.count - 1)
        }
        if let parts = layouts.first(where: { length($0) <= width }) {
            return parts.map { terminal.hasColour ? $0.style.around($0.text) : $0.text }
                .joined(separator: "  ")
        }
        let text = layouts.last?.map(\.text).joined(separator: "  ") ?? ""
        return String(text.prefix(max(width, 0)))
    }

    private static func bar(_ done: Int, of total: Int, on terminal: Terminal) -> String {
        guard terminal.isUnicode && terminal.columns != nil else {
            return progressBar(done, of: total)
        }
        let filled = min(done * 10 / max(total, 1), 10)
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 10 - filled)
    }

    private static func rate(_ value: Double) -> String {
        value >= 1000 ? fixed(value / 1000, 1) + "k" : fixed(value, 0)
    }

    /// The metrics of an evaluation with those of real samples, or why there are none. The best checkpoint of a run with
    /// an ailment is not called the best without it.
    package static func evaluation(
        _ report: StepReport, isBest: Bool, missing: [String]
    ) -> String {
        let (figures, real) = (report.metrics ?? [:], report.metricsReal ?? [:])
        let telling =
            report.isOfPoints
            ? ["coverage", "high_quality", "modes"] : ["fid", "precision", "recall", "modes"]
        let names = telling.filter { figures[$0] != nil }
        // The word "real" is printed only once, to keep the line short.
        let shown = names.enumerated().map { place, name in
            "\(name) \(figures[name].map(short) ?? "-") "
                + "(\(place == 0 ? "real " : "")\(real[name].map(short) ?? "-"))"
        }
        let reason = missing.first.map { ": \($0)" } ?? ""
        let ailments = report.ailments.joined(separator: ", ")
        let rank = ailments.isEmpty ? "best so far" : "best so far of a run that ails: \(ailments)"
        return "step \(report.step)  "
            + (shown.isEmpty ? "cannot be evaluated\(reason)" : shown.joined(separator: "  "))
            + (isBest ? "  \(rank)" : "")
    }

    /// The metrics of the best and the last evaluation and of real samples, each with its explanation. Nil if there was
    /// no evaluation.
    package static func bestAndLast(_ outcome: Trainer.Outcome, on terminal: Terminal) -> String? {
        guard outcome.last?.metrics != nil,
            let found = BestAndLast(best: outcome.best, last: outcome.last)
        else { return nil }
        return aligned(found.rows, explained: [""] + found.about, within: terminal.columns)
    }
}
