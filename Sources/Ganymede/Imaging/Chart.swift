/// Curves over the training steps of a run, which any ``Canvas`` can draw.
struct Chart {
    struct Curve {
        let name: String
        let style: SeriesStyle
        /// The step of each value, ascending.
        let steps: [Double]
        let values: [Double]
    }

    static let width = 760.0
    static let height = 270.0
    /// The plot area within the chart, in pixels; on its right are the names of the curves.
    private static let (left, top, bottom) = (52.0, 48.0, height - 30)
    /// Pixels between the plot area and the names.
    private static let gap = 14.0
    /// Longer names are shortened in the middle.
    private static let longestName = 24
    /// The most points that a curve is drawn through.
    private static let places = 300

    let title: String
    let curves: [Curve]
    /// Whether the values are fractions from 0 to 1, shown in per cent.
    var isShare = false
    /// Whether the axis may be logarithmic.
    var mayBeLogarithmic = false

    private var right: Double {
        let longest = curves.map { Chart.shortened($0.name).count }.max() ?? 0
        return Chart.width - Chart.gap - 7 * Double(longest) - 6
    }

    /// Draws the chart with its top edge at `y`.
    func draw(on canvas: inout some Canvas, y offset: Double) {
        let shown = curves.map { shownParts(of: $0.values) }
        let scale = ValueScale(
            shown.map(\.faint), isShare: isShare, mayBeLogarithmic: mayBeLogarithmic)
        let right = right
        let end = max(curves.compactMap(\.steps.last).max() ?? 1, 1)
        let x = { (step: Double) in Chart.left + step / end * (right - Chart.left) }
        let y = { (value: Double) in
            offset + Chart.bottom - scale.fraction(value) * (Chart.bottom - Chart.top)
        }
        let heading = title + (scale.isLogarithmic ? ", logarithmic" : "")
        canvas.text(heading, x: Chart.left, y: offset + 14, .start, .strong)
        canvas.text(
            note(shown.map(\.faint), beyond: scale), x: Chart.left, y: offset + 32, .start, .soft)
        for (mark, label) in zip(scale.marks, scale.labels) {
            canvas.line([(Chart.left, y(mark)), (right, y(mark))], .grid)
            canvas.text(label, x: Chart.left - 8, y: y(mark), .end, .soft)
        }
        drawSteps(on: &canvas, y: offset + Chart.bottom + 14, upTo: end, x)
        let places = curves.map { thinned($0.steps, to: Chart.places).map(x) }
        for (index, part) in shown.enumerated() where part.faint.count > 40 {
            canvas.line(Array(zip(places[index], part.faint.map(y))), .faint(curves[index].style))
        }
        var ends: [(place: (x: Double, y: Double), curve: Curve)] = []
        for (index, part) in shown.enumerated() {
            let values = part.faint.count > 40 ? part.smooth : part.faint
            let points = Array(zip(places[index], values.map(y)))
            canvas.line(points.map { (x: $0.0, y: $0.1) }, .curve(curves[index].style))
            if let last = points.last { ends.append((place: last, curve: curves[index])) }
        }
        drawNames(on: &canvas, ends, x: right, from: offset + Chart.top, to: offset + Chart.bottom)
    }

    private func drawSteps(
        on canvas: inout some Canvas, y: Double, upTo end: Double, _ x: (Double) -> Double
    ) {
        canvas.text("step", x: Chart.left - 8, y: y, .end, .soft)
        for mark in Axis(from: 0, to: end, parts: 6).marks
        where mark <= end && mark == mark.rounded() {
            canvas.text(grouped(Int(mark)), x: x(mark), y: y, .middle, .soft)
        }
    }

    /// The name of each curve at its end, moved apart where they would overlap.
    private func drawNames(
        on canvas: inout some Canvas, _ ends: [(place: (x: Double, y: Double), curve: Curve)],
        x right: Double, from top: Double, to bottom: Double
    ) {
        let sorted = ends.sorted { $0.place.y < $1.place.y }
        let heights = spread(sorted.map(\.place.y), apart: 14, from: top, to: bottom)
        for ((place, curve), y) in zip(sorted, heights) {
            if abs(y - place.y) > 2 || place.x < right - 2 {
                canvas.line([(place.x + 3, place.y), (right + Chart.gap - 4, y)], .grid)
            }
            canvas.text(
                Chart.shortened(curve.name), x: right + Chart.gap, y: y, .start,
                .series(curve.style))
        }
    }

    /// How many points of which curves are beyond the scale; empty if none are.
    private func note(_ values: [[Double]], beyond scale: ValueScale) -> String {
        let reach = (scale.high - scale.low) * 1e-6
        let parts = zip(curves, values).compactMap { curve, values -> String? in
            let above = values.count { $0 > scale.high + reach }
            let below = values.count { $0 < scale.low - reach }
            if above + below == 0 { return nil }
            let where_ = [
                above > 0 ? "\(above) above \(short(scale.high))" : nil,
                below > 0 ? "\(below) below \(short(scale.low))" : nil,
            ].compactMap { $0 }.joined(separator: ", ")
            return "\(Chart.shortened(curve.name)) \(where_)"
        }
        if parts.isEmpty { return "" }
        let most = 3
        let rest = parts.count > most ? " and of \(parts.count - most) more" : ""
        return "cut off: points of " + parts.prefix(most).joined(separator: "; ") + rest
    }

    private static func shortened(_ name: String) -> String {
        guard name.count > longestName else { return name }
        return name.prefix(longestName / 2 - 1) + ".." + name.suffix(longestName / 2 - 1)
    }

    /// The values averaged down to at most `places` points, and a moving average of those.
    private func shownParts(of values: [Double]) -> (faint: [Double], smooth: [Double]) {
        // Beyond this range, values cannot be told apart on a picture.
        let range = isShare ? 0...1 : -1e12...1e12
        let clamped = values.map { max(range.lowerBound, min(range.upperBound, $0)) }
        let faint = thinned(clamped, to: Chart.places)
        return (faint, windowed(faint, radius: max(faint.count / 40, 1)))
    }
}

/// Ascending heights moved apart as little as possible, if there is room between `top` and `bottom`.
package func spread(
    _ heights: [Double], apart: Double, from top: Double, to bottom: Double
) -> [Double] {
    guard let last = heights.indices.last else { return [] }
    let apart = last == 0 ? apart : min(apart, (bottom - top) / Double(last))
    var moved = heights
    // Down, then up from the bottom where that went too far.
    for index in moved.indices {
        let least = index == 0 ? top : moved[index - 1] + apart
        moved[index] = max(moved[index], least)
    }
    for index in moved.indices.reversed() {
        let most = index == last ? bottom : moved[index + 1] - apart
        moved[index] = min(moved[index], most)
    }
    return moved
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
