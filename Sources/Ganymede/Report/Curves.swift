/// Curves over the steps of a run, as an SVG picture that needs nothing else.
struct Curves {
    struct Line {
        let name: String
        let colour: String
        /// One number for each place on the horizontal axis.
        let values: [Double]
    }

    let title: String
    let lines: [Line]
    /// What the horizontal axis ends with.
    let lastStep: Int
    private let width = 560.0
    private let height = 220.0
    private let left = 44.0
    private let bottom = 24.0

    /// The picture as markup.
    var svg: String {
        let all = lines.flatMap(\.values)
        let low = min(all.min() ?? 0, 0)
        let high = max(all.max() ?? 1, low + 1e-9)
        func y(_ value: Double) -> Double {
            (height - bottom) * (1 - (value - low) / (high - low)) + 12
        }
        var svg = "<svg viewBox=\"0 0 \(Int(width)) \(Int(height + 16))\" role=\"img\">"
        svg += "<title>\(escaped(title))</title>"
        for mark in [low, (low + high) / 2, high] {
            let at = fixed(y(mark), 1)
            svg += "<line class=\"grid\" x1=\"\(left)\" x2=\"\(width)\" y1=\"\(at)\" y2=\"\(at)\"/>"
            svg +=
                "<text x=\"\(left - 6)\" y=\"\(fixed(y(mark) + 4, 1))\" class=\"y\">\(fixed(mark, 2))</text>"
        }
        svg += "<text x=\"\(left)\" y=\"\(height + 10)\">0</text>"
        svg += "<text x=\"\(width)\" y=\"\(height + 10)\" class=\"y\">step \(lastStep)</text>"
        for line in lines {
            let step = (width - left) / Double(max(line.values.count - 1, 1))
            let points = line.values.enumerated().map { index, value in
                fixed(left + Double(index) * step, 1) + "," + fixed(y(value), 1)
            }
            svg +=
                "<polyline points=\"\(points.joined(separator: " "))\" stroke=\"\(line.colour)\"/>"
        }
        return svg + "</svg>" + legend
    }

    private var legend: String {
        let items = lines.map {
            "<span style=\"color:\($0.colour)\">&#9632;</span> \(escaped($0.name))"
        }
        return "<p class=\"legend\">" + items.joined(separator: " &#160; ") + "</p>"
    }
}

/// Means over at most `places` equal stretches: what a curve of many steps shows.
func thinned(_ values: [Double], to places: Int) -> [Double] {
    guard values.count > places else { return values }
    return (0..<places).map { place in
        let part = values[place * values.count / places..<(place + 1) * values.count / places]
        return part.reduce(0, +) / Double(part.count)
    }
}

/// Text as markup shows it.
func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;")
}
