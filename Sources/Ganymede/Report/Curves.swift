/// The losses and accuracies of a run, as one picture or one for each.
struct Curves {
    private static let (red, blue, green) = (0xd1495b, 0x2e7fb8, 0x3a9d5d)
    private let charts: [Chart]

    init(_ journal: [StepReport]) {
        let steps = journal.map { Double($0.step) }
        func curve(_ name: String, _ colour: Int, _ value: (StepReport) -> Double) -> Chart.Curve {
            Chart.Curve(name: name, colour: colour, values: journal.map(value))
        }
        let losses = [
            curve("discriminator", Curves.red, \.dLoss), curve("generator", Curves.blue, \.gLoss),
        ]
        let accuracies = [
            curve("real told right", Curves.green, \.dAccReal),
            curve("fakes told right", Curves.red, \.dAccFake),
            curve("fakes taken for real as the generator learns", Curves.blue, \.gAcc),
        ]
        charts = [
            Chart(title: "Losses", curves: losses, steps: steps, isShare: false),
            Chart(
                title: "What the discriminator tells right", curves: accuracies, steps: steps,
                isShare: true),
        ]
    }

    /// Each chart as markup.
    var svg: String {
        charts.map { chart in
            var canvas = SVGCanvas()
            chart.draw(on: &canvas, y: 0)
            return "<svg viewBox=\"0 0 \(Int(Chart.width)) \(Int(Chart.height))\" role=\"img\">"
                + "<title>\(escaped(chart.title))</title>\(canvas.body)</svg>\n"
        }.joined()
    }

    /// One chart above the other.
    func raster() throws -> Raster {
        var canvas = try GDCanvas(
            width: Int(Chart.width), height: Int(Chart.height) * charts.count)
        for (index, chart) in charts.enumerated() {
            chart.draw(on: &canvas, y: Double(index) * Chart.height)
        }
        return try canvas.raster()
    }
}
