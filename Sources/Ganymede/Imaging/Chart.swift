/// Curves over the training steps of a run, which any ``Canvas`` can draw.
struct Chart {
    struct Curve {
        let name: String
        /// 0xRRGGBB.
        let colour: Int
        /// The step of each value, ascending.
        let steps: [Double]
        let values: [Double]
    }

    static let width = 680.0
    static let height = 270.0
    /// The plot area within the chart, in pixels.
    private static let (left, right) = (52.0, width - 14)
    private static let (top, bottom) = (48.0, height - 30)

    let title: String
    let curves: [Curve]
    /// Whether the values are fractions from 0 to 1, shown in per cent.
    let isShare: Bool

    /// Draws the chart with its top edge at `y`.
    func draw(on canvas: inout some Canvas, y offset: Double) {
        let shown = curves.map { shownParts(of: $0.values) }
        let all = shown.flatMap { $0.faint }
        let axis = isShare ? Axis(from: 0, to: 1, parts: 4) : Axis(all, parts: 5)
        let end = max(curves.compactMap(\.steps.last).max() ?? 1, 1)
        let x = { (step: Double) in
            Chart.left + step / end * (Chart.right - Chart.left)
        }
        let y = { (value: Double) in
            offset + Chart.bottom - (value - axis.low) / (axis.high - axis.low)
                * (Chart.bottom - Chart.top)
        }
        drawFrame(on: &canvas, y: offset)
        for mark in axis.marks {
            canvas.line([(Chart.left, y(mark)), (Chart.right, y(mark))], .grid)
            let label = isShare ? percent(mark) : fixed(mark, axis.places)
            canvas.text(label, x: Chart.left - 8, y: y(mark), .end, bold: false)
        }
        let below = offset + Chart.bottom + 14
        canvas.text("step", x: Chart.left - 8, y: below, .end, bold: false)
        for mark in Axis(from: 0, to: end, parts: 6).marks
        where mark <= end && mark == mark.rounded() {
            // Right-aligned, so that the last label stays inside the picture.
            let isLast = x(mark) > Chart.right - 20
            canvas.text(
                grouped(Int(mark)), x: x(mark), y: below, isLast ? .end : .middle, bold: false)
        }
        let places = curves.map { thinned($0.steps, to: Chart.places).map(x) }
        for (index, part) in shown.enumerated() where part.faint.count > 40 {
            canvas.line(
                Array(zip(places[index], part.faint.map(y))), .faint(curves[index].colour))
        }
        for (index, part) in shown.enumerated() {
            let values = part.faint.count > 40 ? part.smooth : part.faint
            canvas.line(Array(zip(places[index], values.map(y))), .curve(curves[index].colour))
        }
    }

    /// The title, and the curves' names on the line below it.
    private func drawFrame(on canvas: inout some Canvas, y offset: Double) {
        canvas.text(title, x: Chart.left, y: offset + 14, .start, bold: true)
        var x = Chart.left
        for curve in curves {
            canvas.line([(x, offset + 33), (x + 16, offset + 33)], .curve(curve.colour))
            canvas.text(curve.name, x: x + 23, y: offset + 33, .start, bold: false)
            x += 45 + 6 * Double(curve.name.utf8.count)
        }
    }

    /// The most points that a curve is drawn through.
    private static let places = 300

    /// The values averaged down to at most `places` points, and a moving average of those.
    private func shownParts(of values: [Double]) -> (faint: [Double], smooth: [Double]) {
        // Beyond this range, values cannot be told apart on a picture.
        let range = isShare ? 0...1 : -1e12...1e12
        let clamped = values.map { max(range.lowerBound, min(range.upperBound, $0)) }
        let faint = thinned(clamped, to: Chart.places)
        return (faint, windowed(faint, radius: max(faint.count / 40, 1)))
    }
}

/// An axis that ends at round numbers.
package struct Axis {
    package let marks: [Double]
    /// Digits after the decimal point that distinguish the marks.
    package let places: Int
    var low: Double { marks.first ?? 0 }
    var high: Double { marks.last ?? 1 }

    /// An axis that includes zero and all of `values`.
    package init(_ values: [Double], parts: Int) {
        self.init(from: min(values.min() ?? 0, 0), to: max(values.max() ?? 1, 0), parts: parts)
    }

    /// An axis that covers `low` to `high`, in about `parts` intervals of 1, 2, 2.5 or 5 times a power of ten.
    package init(from low: Double, to high: Double, parts: Int) {
        let high = high - low < 1e-9 ? low + 1 : high
        let rough = (high - low) / Double(parts)
        let power = LibM.pow(10, LibM.log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let first = (low / step + 1e-9).rounded(.down)
        let last = max((high / step - 1e-9).rounded(.up), first + 1)
        marks = (0...Int(last - first)).map { (first + Double($0)) * step }
        places = (0..<9).first { (step * LibM.pow(10, Double($0))).isWhole } ?? 9
    }
}

extension Double {
    fileprivate var isWhole: Bool { abs(self - rounded()) < 1e-6 * max(abs(self), 1) }
}

/// Means over at most `places` equal segments, for curves of many steps.
package func thinned(_ values: [Double], to places: Int) -> [Double] {
    guard values.count > places else { return values }
    return (0..<places).map { place in
        let part = values[place * values.count / places..<(place + 1) * values.count / places]
        return part.reduce(0, +) / Double(part.count)
    }
}

/// A moving average over up to `radius` neighbours on either side. Near the start the window shrinks on both sides, so
/// that a steep start stays visible; near the end it shrinks on the right only.
package func windowed(_ values: [Double], radius: Int) -> [Double] {
    values.indices.map { index in
        let before = min(radius, index)
        let part = values[index - before...min(index + before, values.count - 1)]
        return part.reduce(0, +) / Double(part.count)
    }
}
