/// Charts of a run's losses and accuracies, and of its metrics if they were measured: one picture, or one for each.
struct Curves {
    private static let (red, blue, green) = (0xd1495b, 0x2e7fb8, 0x3a9d5d)
    /// Distinct colours for runs side by side.
    static let colours = [blue, red, green, 0xb8860b, 0x7b52ab, 0x4d4d4d]
    /// The metrics by which checkpoints are compared: for images, and for points.
    private static let decisive = [
        (name: "fid", title: "Distance to the real images (fid)", isShare: false),
        (
            name: "coverage", title: "Share of real points that have one nearby (coverage)",
            isShare: true
        ),
    ]
    private let charts: [Chart]

    /// The curves of one run.
    init(_ journal: [StepReport]) {
        func curve(_ name: String, _ colour: Int, _ value: (StepReport) -> Double?) -> Chart.Curve {
            Chart.Curve(name, colour, journal, value)
        }
        let losses = [
            curve("discriminator", Curves.red, \.dLoss), curve("generator", Curves.blue, \.gLoss),
        ]
        let accuracies = [
            curve("real images", Curves.green, \.dAccReal),
            curve("fakes", Curves.red, \.dAccFake),
            curve("fakes classified as real in the generator's pass", Curves.blue, \.gAcc),
        ]
        let quality = Curves.decisive.map { name, title, isShare in
            func value(_ report: StepReport, _ figures: [String: Double]?) -> Double? {
                report.decisive == name ? figures?[name] : nil
            }
            return Chart(
                title: title,
                curves: [
                    curve("generated", Curves.blue) { value($0, $0.metrics) },
                    curve("real in their place", Curves.green) { value($0, $0.metricsReal) },
                ].filter { !$0.values.isEmpty }, isShare: isShare)
        }
        charts =
            [
                Chart(title: "Losses", curves: losses, isShare: false),
                Chart(
                    title: "What the discriminator classifies correctly", curves: accuracies,
                    isShare: true),
            ]
            + quality.filter { !$0.curves.isEmpty }
    }

    /// The same quantities of several runs, one curve a run.
    init(comparing runs: [(name: String, journal: [StepReport])]) {
        func chart(
            _ title: String, isShare: Bool = false, _ value: (StepReport) -> Double?
        ) -> Chart {
            let curves = runs.enumerated().map { index, run in
                Chart.Curve(
                    run.name, Curves.colours[index % Curves.colours.count], run.journal, value)
            }
            return Chart(title: title, curves: curves, isShare: isShare)
        }
        let quality = Curves.decisive.map { name, title, isShare in
            chart(title, isShare: isShare) { $0.decisive == name ? $0.metrics?[name] : nil }
        }
        charts =
            (quality + [
                chart("Discriminator's loss", \.dLoss), chart("Generator's loss", \.gLoss),
                chart("Discriminator's accuracy", isShare: true, \.dAcc),
            ]).filter { $0.curves.contains { !$0.values.isEmpty } }
    }

    /// Each chart as an SVG element.
    var svg: String {
        charts.map { chart in
            var canvas = SVGCanvas()
            chart.draw(on: &canvas, y: 0)
            return "<svg viewBox=\"0 0 \(Int(Chart.width)) \(Int(Chart.height))\" role=\"img\">"
                + "<title>\(escaped(chart.title))</title>\(canvas.body)</svg>\n"
        }.joined()
    }

    /// The charts one above the other, as one picture.
    func raster() throws -> Raster {
        var canvas = try GDCanvas(
            width: Int(Chart.width), height: Int(Chart.height) * charts.count)
        for (index, chart) in charts.enumerated() {
            chart.draw(on: &canvas, y: Double(index) * Chart.height)
        }
        return try canvas.raster()
    }
}

extension Chart.Curve {
    /// The values of a journal by step; steps for which `value` is nil are left out.
    fileprivate init(
        _ name: String, _ colour: Int, _ journal: [StepReport], _ value: (StepReport) -> Double?
    ) {
        let found = journal.compactMap { report in value(report).map { (report.step, $0) } }
        self.init(
            name: name, colour: colour, steps: found.map { Double($0.0) }, values: found.map(\.1))
    }
}
