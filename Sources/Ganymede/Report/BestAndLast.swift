/// What a run's evaluations found: the figures of its best checkpoint beside the last one's and those of real samples.
struct BestAndLast {
    /// A title, and figures by name.
    let columns: [(title: String, figures: [String: Double])]
    /// In the order in which figures are shown.
    let names: [String]
    /// What each says, in a line.
    let about: [String]

    /// Nil where neither report is of an evaluation.
    init?(best: StepReport?, last: StepReport?) {
        var columns: [(String, [String: Double])] = []
        if let best, let figures = best.metrics {
            let isLast = best.step == last?.step ? " and last" : ""
            columns.append(("best\(isLast), step \(grouped(best.step))", figures))
        }
        if let last, let figures = last.metrics, last.step != best?.step {
            columns.append(("last, step \(grouped(last.step))", figures))
        }
        guard !columns.isEmpty else { return nil }
        columns.append(("real", last?.metricsReal ?? best?.metricsReal ?? [:]))
        self.columns = columns
        let names = Metrics.names.filter { name in columns.contains { $0.1[name] != nil } }
        self.names = names
        let isOfPoints = (last ?? best)?.isOfPoints ?? false
        about = names.map { Metrics.about($0, ofPoints: isOfPoints) }
    }

    /// That of a journal.
    init?(_ journal: [StepReport]) {
        var best: StepReport?
        for report in journal where report.isBetter(than: best) { best = report }
        self.init(best: best, last: journal.last { $0.metrics != nil })
    }

    /// A row for each figure, the head first.
    var rows: [[String]] {
        [[""] + columns.map(\.title)]
            + names.map { name in [name] + columns.map { $0.figures[name].map(short) ?? "-" } }
    }
}

extension StepReport {
    /// Whether the samples that were judged are points of the plane.
    var isOfPoints: Bool { metricsReal?["high_quality"] != nil }

    /// The figure that tells checkpoints apart: the Fréchet distance, or coverage of points, which have none.
    var decisive: String { isOfPoints ? "coverage" : "fid" }

    /// How far that is from the best there could be, less being better; nil where it was not measured.
    private var shortfall: Double? {
        metrics?[decisive].map { isOfPoints ? 1 - $0 : $0 }
    }

    /// Whether its samples are better than another's, or any at all.
    func isBetter(than other: StepReport?) -> Bool {
        guard let shortfall else { return false }
        return other?.shortfall.map { shortfall < $0 } ?? true
    }
}
