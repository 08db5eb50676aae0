/// Charts of a run's losses and accuracies, and of its metrics if they were measured: one picture, or one for each.
struct Curves {
    /// The metrics by which checkpoints are compared: for images, and for points.
    private static let decisive = [
        (name: "fid", title: "Distance to the real images (fid)", isShare: false),
        (
            name: "coverage", title: "Share of real points that have one nearby (coverage)",
            isShare: true
        ),
    ]
    private let charts: [Chart]

    /// Whether there is nothing to draw.
    var isEmpty: Bool { charts.isEmpty }

    /// The curves of one run. If its loss is relative, accuracies mean nothing, and there are none.
    init(_ journal: [StepReport], isRelative: Bool) {
        func curve(
            _ name: String, _ style: SeriesStyle, _ value: (StepReport) -> Double?
        ) -> Chart.Curve {
            Chart.Curve(Glossary.title(name), style, journal, value)
        }
        let losses = [
            curve("d_loss", .discriminator, \.dLoss), curve("g_loss", .generator, \.gLoss),
        ]
        let accuracies = [
            curve("d_acc_real", .real, \.dAccReal),
            curve("d_acc_fake", .discriminator, \.dAccFake), curve("g_acc", .generator, \.gAcc),
        ]
        let quality = Curves.decisive.map { name, title, isShare in
            func value(_ report: StepReport, _ figures: [String: Double]?) -> Double? {
                report.decisive == name ? figures?[name] : nil
            }
            return Chart(
                title: title,
                curves: [
                    curve("generated", .generator) { value($0, $0.metrics) },
                    curve("real in their place", .real) { value($0, $0.metricsReal) },
                ].filter { !$0.values.isEmpty }, isShare: isShare, mayBeLogarithmic: !isShare)
        }
        let shares = Chart(title: "Accuracies", curves: accuracies, isShare: true)
        charts =
            [Chart(title: "Losses", curves: losses)] + (isRelative ? [] : [shares])
            + quality.filter { !$0.curves.isEmpty }
    }

    /// The same quantities of several runs, one curve a run.
    init(comparing runs: [(name: String, journal: [StepReport])]) {
        func chart(
            _ title: String, isShare: Bool = false, mayBeLogarithmic: Bool = false,
            _ value: (StepReport) -> Double?
        ) -> Chart {
            let curves = runs.enumerated().map { index, run in
                Chart.Curve(run.name, .run(index), run.journal, value)
            }
            return Chart(
                title: title, curves: curves, isShare: isShare, mayBeLogarithmic: mayBeLogarithmic)
        }
        let quality = Curves.decisive.map { name, title, isShare in
            chart(title, isShare: isShare, mayBeLogarithmic: !isShare) {
                $0.decisive == name ? $0.metrics?[name] : nil
            }
        }
        charts =
            (quality + [
                chart(Glossary.title("d_loss"), \.dLoss), chart(Glossary.title("g_loss"), \.gLoss),
                chart(Glossary.title("d_acc"), isShare: true, \.dAcc),
                chart(Glossary.title("g_acc"), isShare: true, \.gAcc),
            ]).filter { $0.curves.contains { !$0.values.isEmpty } }
    }

    /// Each chart as an SVG element of a page.
    var svg: String {
        charts.map { chart in
            var canvas = SVGCanvas()
            chart.draw(on: &canvas, y: 0)
            return canvas.element(width: Chart.width, height: Chart.height, title: chart.title)
        }.joined()
    }

    /// The charts one above the other, as an SVG file.
    var document: String {
        var canvas = SVGCanvas()
        draw(on: &canvas)
        return canvas.document(
            width: Chart.width, height: Chart.height * Double(charts.count),
            title: charts.map(\.title).joined(separator: ", "))
    }

    /// The same as pixels, twice as large.
    func raster() throws -> Raster {
        var canvas = try GDCanvas(
            width: Int(Chart.width), height: Int(Chart.height) * charts.count)
        draw(on: &canvas)
        return try canvas.raster()
    }

    private func draw(on canvas: inout some Canvas) {
        for (index, chart) in charts.enumerated() {
            chart.draw(on: &canvas, y: Double(index) * Chart.height)
        }
    }
}

extension Chart.Curve {
    /// The values of a journal by step; steps for which `value` is nil are left out.
    fileprivate init(
        _ name: String, _ style: SeriesStyle, _ journal: [StepReport],
        _ value: (StepReport) -> Double?
    ) {
        let found = journal.compactMap { report in value(report).map { (report.step, $0) } }
        self.init(
            name: name, style: style, steps: found.map { Double($0.0) }, values: found.map(\.1))
    }
}
