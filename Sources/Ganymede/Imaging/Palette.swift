/// The look of a line in charts: a colour and a dash, so that no two of twelve lines are told apart by colour alone.
///
/// The colours are those of Okabe and Ito, "Color Universal Design" (2008), which readers with any kind of colour vision
/// tell apart, darker on white and lighter on black so that text in them has a contrast of 4.5:1 on either.
struct SeriesStyle: Equatable {
    /// The place in ``light`` and ``dark``.
    let colour: Int
    /// The place in ``dashes``.
    let dash: Int

    /// Blue, vermilion, green, purple, ochre, grey: 0xRRGGBB on white and on black.
    static let light = [0x0067a5, 0xb84a00, 0x007155, 0x9b3d78, 0x7d5a00, 0x2b2b2b]
    static let dark = [0x56b4e9, 0xff8a4c, 0x2fc79a, 0xe79cc5, 0xe6c200, 0xf2f2f2]
    /// Lengths of strokes and gaps in pixels.
    static let dashes: [[Double]] = [[], [7, 5], [1, 5], [9, 5, 1, 5]]

    /// Generated samples and what concerns the generator, and the discriminator, and real samples, in all charts.
    static let generator = SeriesStyle(colour: 0, dash: 0)
    static let discriminator = SeriesStyle(colour: 1, dash: 1)
    static let real = SeriesStyle(colour: 2, dash: 3)

    /// The look of line number `index` of several runs; the first twelve are distinct.
    static func run(_ index: Int) -> SeriesStyle {
        SeriesStyle(colour: index % light.count, dash: index % dashes.count)
    }

    private init(colour: Int, dash: Int) {
        self.colour = colour
        self.dash = dash
    }

    /// `#0067a5`
    static func text(_ colour: Int) -> String {
        let digits = String(colour, radix: 16)
        return "#" + String(repeating: "0", count: max(6 - digits.count, 0)) + digits
    }

    /// The style sheet of charts, for pages and for SVG files: colours that follow the reader's preference.
    static var css: String {
        func colours(_ list: [Int], _ others: String) -> String {
            ":root{\(others)" + list.indices.map { ";--s\($0):\(text(list[$0]))" }.joined() + "}"
        }
        return colours(
            light, "color-scheme:light dark;--ink:#222;--soft:#5c5c5c;--rule:#ddd;--ground:#fff")
            + "\n@media(prefers-color-scheme:dark){"
            + colours(dark, "--ink:#ddd;--soft:#a3a3a3;--rule:#3a3d42;--ground:#17191c") + "}\n"
            + light.indices.map {
                ".s\($0){stroke:var(--s\($0))}text.s\($0){stroke:none;fill:var(--s\($0))}rect.s\($0){stroke:none;fill:var(--s\($0))}"
            }
            .joined()
            + dashes.indices.dropFirst().map { place in
                ".d\(place){stroke-dasharray:\(dashes[place].map { fixed($0, 0) }.joined(separator: " "))}"
            }.joined()
                + """

                svg text{font:12px system-ui,sans-serif;fill:var(--soft)}svg .strong{fill:var(--ink);font-weight:bold}
                svg .cell{fill:var(--ink)}svg polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
                svg .grid{stroke:var(--rule);stroke-width:1}svg .faint{stroke-width:1;stroke-opacity:.3}
                """
    }
}

/// The parts of an open line that the strokes of a dash pattern cover.
package func dashed(_ points: [(x: Double, y: Double)], _ pattern: [Double]) -> [[(
    x: Double, y: Double
)]] {
    guard points.count > 1, !pattern.isEmpty, pattern.allSatisfy({ $0 > 0 }) else {
        return [points]
    }
    var parts: [[(x: Double, y: Double)]] = [[points[0]]]
    var (place, left) = (0, pattern[0])
    for (a, b) in zip(points, points.dropFirst()) {
        let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
        var done = 0.0
        while length - done > left {
            done += left
            let corner = (
                x: a.x + (b.x - a.x) * done / length, y: a.y + (b.y - a.y) * done / length
            )
            if place % 2 == 0 {
                parts[parts.count - 1].append(corner)
            } else {
                parts.append([corner])
            }
            place = (place + 1) % pattern.count
            left = pattern[place]
        }
        left -= length - done
        if place % 2 == 0 { parts[parts.count - 1].append(b) }
    }
    return parts
}
