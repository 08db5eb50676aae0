/// A confusion matrix as shaded cells: a row for each true class, a column for each prediction.
struct ConfusionChart {
    private static let (right, wrong) = (SeriesStyle.generator, SeriesStyle.discriminator)
    private static let (width, height) = (44.0, 24.0)
    private static let (left, top) = (110.0, 66.0)

    let confusion: Confusion
    private var classes: Int { confusion.classNames.count }

    /// The size of the whole picture in pixels.
    fileprivate var extent: (width: Int, height: Int) {
        let (columns, rows) = (Double(classes), Double(classes))
        return (
            Int(ConfusionChart.left + columns * ConfusionChart.width + 70),
            Int(ConfusionChart.top + rows * ConfusionChart.height + 14)
        )
    }

    func draw(on canvas: inout some Canvas) {
        let (left, top) = (ConfusionChart.left, ConfusionChart.top)
        let (width, height) = (ConfusionChart.width, ConfusionChart.height)
        let share = fixed(confusion.accuracy * 100, 2)
        canvas.text(
            "\(share)% of \(grouped(confusion.total)) classified correctly", x: 14, y: 16, .start,
            .strong)
        canvas.text("taken for", x: left, y: top - 28, .start, .soft)
        canvas.text("right", x: left + Double(classes) * width + 58, y: top - 10, .end, .soft)
        for (index, name) in confusion.classNames.enumerated() {
            let (x, y) = (
                left + (Double(index) + 0.5) * width, top + (Double(index) + 0.5) * height
            )
            canvas.text(shortened(name, 6), x: x, y: top - 10, .middle, .soft)
            canvas.text(shortened(name, 14), x: left - 8, y: y, .end, .soft)
            let recall = confusion.recalls[index].map { fixed($0 * 100, 1) + "%" } ?? "-"
            canvas.text(recall, x: left + Double(classes) * width + 58, y: y, .end, .soft)
        }
        for (truth, row) in confusion.counts.enumerated() {
            let images = Double(max(row.reduce(0, +), 1))
            for (prediction, count) in row.enumerated() where count > 0 {
                let (x, y) = (left + Double(prediction) * width, top + Double(truth) * height)
                // The square root makes rare mistakes visible.
                canvas.rectangle(
                    x: x, y: y, width: width, height: height,
                    truth == prediction ? ConfusionChart.right : ConfusionChart.wrong,
                    strength: 0.4 * (Double(count) / images).squareRoot())
                canvas.text("\(count)", x: x + width / 2, y: y + height / 2, .middle, .cell)
            }
        }
    }

    private func shortened(_ name: String, _ limit: Int) -> String {
        name.count <= limit ? name : name.prefix(limit - 1) + "."
    }
}

extension Confusion {
    /// The chart as an SVG file.
    public var svg: String {
        var canvas = SVGCanvas()
        let chart = ConfusionChart(confusion: self)
        chart.draw(on: &canvas)
        let (width, height) = chart.extent
        return canvas.document(
            width: Double(width), height: Double(height), title: "Which class is taken for which")
    }

    /// Writes the chart, as PNG if `path` ends in `.png` and as SVG otherwise.
    public func write(to path: String) throws {
        if Files.ending(path) == "png" {
            try Files.writeAtomically(path, [raster().png()])
        } else {
            try Files.writeAtomically(path, text: svg)
        }
    }

    /// The chart as pixels, for at most 40 classes: it is drawn larger than it is shown.
    public func raster() throws -> Raster {
        guard classNames.count <= 40 else {
            throw GanymedeError.invalidOption(
                "a table of \(classNames.count) classes is too large for a .png: take a .svg")
        }
        let chart = ConfusionChart(confusion: self)
        let (width, height) = chart.extent
        var canvas = try GDCanvas(width: width, height: height)
        chart.draw(on: &canvas)
        return try canvas.raster()
    }
}
