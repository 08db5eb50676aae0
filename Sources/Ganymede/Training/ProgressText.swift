/// Progress lines for a terminal.
package enum ProgressText {
    /// The line of a step; less important parts are dropped if it would exceed `width`.
    package static func line(
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

    /// The same for the training of a classifier.
    package static func line(
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

    /// All parts, or only the important ones if all do not fit.
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

    /// The metrics of an evaluation with those of real samples, or why there are none.
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
        return "step \(report.step)  "
            + (shown.isEmpty ? "cannot be evaluated\(reason)" : shown.joined(separator: "  "))
            + (isBest ? "  best so far" : "")
    }

    /// The metrics of the best and the last evaluation and of real samples: a header, then a row for each metric. Nil
    /// if there was no evaluation.
    package static func bestAndLast(_ outcome: Trainer.Outcome) -> [[String]]? {
        guard outcome.last?.metrics != nil else { return nil }
        return BestAndLast(best: outcome.best, last: outcome.last)?.rows
    }
}
