/// A drawing surface for charts. Coordinates are pixels from the top left.
protocol Canvas {
    /// Draws an open line through `points`; a single point gives a dot.
    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink)
    /// Fills a rectangle with a colour, 0xRRGGBB, at an opacity `strength` from 0 to 1.
    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, colour: Int, strength: Double)
    /// Draws a line of text, vertically centred at `y`.
    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, bold: Bool)
}

/// The colour and thickness of a line.
enum Ink: Equatable {
    /// A thin grey grid line.
    case grid
    /// Two pixels thick, of a colour 0xRRGGBB.
    case curve(Int)
    /// The same colour, fainter and thinner: the values before smoothing.
    case faint(Int)
}

/// Which part of a text is at its x coordinate.
enum Anchor: String {
    case start, middle, end
}

/// Draws SVG markup. The colours of text and grid come from the page around it.
struct SVGCanvas: Canvas {
    private(set) var body = ""

    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink) {
        // A polyline of one point draws nothing; with the point repeated, its round caps are drawn.
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

/// Escapes text for XML. Characters that XML forbids even when escaped are dropped.
func escaped(_ text: String) -> String {
    let allowed = text.unicodeScalars.filter {
        $0.value >= 32 && $0.value != 0xfffe && $0.value != 0xffff || $0 == "\n" || $0 == "\t"
    }
    return String(String.UnicodeScalarView(allowed))
        .replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;")
}
