/// What a chart is drawn on. Places are pixels from the top left.
protocol Canvas {
    /// An open line through `points`; through one point it is a dot.
    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink)
    /// A rectangle filled with a colour, 0xRRGGBB, of which `strength` from 0 to 1 covers what is below.
    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, colour: Int, strength: Double)
    /// A line of text whose middle is `y` high.
    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, bold: Bool)
}

/// What a line is drawn with.
enum Ink: Equatable {
    /// The thin grey of a grid.
    case grid
    /// Two pixels of a colour, 0xRRGGBB.
    case curve(Int)
    /// The same, faint and thinner: what a curve smooths.
    case faint(Int)
}

/// Which end of a text is at its place.
enum Anchor: String {
    case start, middle, end
}

/// Draws markup that takes the colours of text and grid from the page around it.
struct SVGCanvas: Canvas {
    private(set) var body = ""

    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink) {
        // A line of no length needs its second end to show its round caps.
        let ends = points.count == 1 ? points + points : points
        let places = ends.map { "\(fixed($0.x, 1)),\(fixed($0.y, 1))" }.joined(separator: " ")
        switch ink {
        case .grid: body += "<polyline class=\"grid\" points=\"\(places)\"/>"
        case .curve(let colour):
            body += "<polyline points=\"\(places)\" stroke=\"\(SVGCanvas.text(colour))\"/>"
        case .faint(let colour):
            body +=
                "<polyline class=\"faint\" points=\"\(places)\" stroke=\"\(SVGCanvas.text(colour))\"/>"
        }
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, colour: Int, strength: Double
    ) {
        body += "<rect x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" width=\"\(fixed(width, 1))\""
        body += " height=\"\(fixed(height, 1))\" fill=\"\(SVGCanvas.text(colour))\""
        body += " fill-opacity=\"\(fixed(strength, 3))\"/>"
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, bold: Bool) {
        body += "<text x=\"\(fixed(x, 1))\" y=\"\(fixed(y + 4, 1))\""
        body += " text-anchor=\"\(anchor.rawValue)\"\(bold ? " font-weight=\"bold\"" : "")>"
        body += "\(escaped(text))</text>"
    }

    private static func text(_ colour: Int) -> String {
        let digits = String(colour, radix: 16)
        return "#" + String(repeating: "0", count: max(6 - digits.count, 0)) + digits
    }
}

/// Text as markup shows it. What no XML may hold, not even escaped, is left out.
func escaped(_ text: String) -> String {
    let allowed = text.unicodeScalars.filter {
        $0.value >= 32 && $0.value != 0xfffe && $0.value != 0xffff || $0 == "\n" || $0 == "\t"
    }
    return String(String.UnicodeScalarView(allowed))
        .replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;")
}
