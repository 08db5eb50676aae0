/// The metrics of a run's best and last evaluated checkpoints, beside those of real samples.
struct BestAndLast {
    /// A title, and figures by name.
    let columns: [(title: String, figures: [String: Double])]
    /// The names of the figures, in the order in which they are shown.
    let names: [String]
    /// A one-line description of each figure.
    let about: [String]

    /// Nil if neither report has metrics.
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
        let found = Set(columns.flatMap(\.1.keys))
        let names =
            Metrics.names.filter(found.contains) + found.subtracting(Metrics.names).sorted()
        self.names = names
        let isOfPoints = (last ?? best)?.isOfPoints ?? false
        about = names.map { Metrics.about($0, ofPoints: isOfPoints) }
    }

    /// The best and the last evaluation of a journal; nil if it has none.
    init?(_ journal: [StepReport]) {
        var best: StepReport?
        for report in journal where report.isBetter(than: best) { best = report }
        self.init(best: best, last: journal.last { $0.metrics != nil })
    }

    /// A header, then a row for each figure.
    var rows: [[String]] {
        [[""] + columns.map(\.title)]
            + names.map { name in [name] + columns.map { $0.figures[name].map(short) ?? "-" } }
    }
}

extension StepReport {
    /// Whether the evaluated samples are points in the plane.
    var isOfPoints: Bool { metricsReal?["high_quality"] != nil }

    /// The metric by which checkpoints are compared: the Fréchet distance, or coverage for points, which have no
    /// distance.
    var decisive: String { isOfPoints ? "coverage" : "fid" }

    /// How far that metric is from its best possible value, lower is better; nil if it was not measured.
    private var shortfall: Double? {
        metrics?[decisive].map { isOfPoints ? 1 - $0 : $0 }
    }

    /// Whether its samples are better than those of `other`, or `other` has no metrics.
    func isBetter(than other: StepReport?) -> Bool {
        guard let shortfall else { return false }
        return other?.shortfall.map { shortfall < $0 } ?? true
    }
}
