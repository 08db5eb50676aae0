/// A drawing surface for charts. Coordinates are pixels from the top left.
protocol Canvas {
    /// Draws an open line through `points`; a single point gives a dot.
    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink)
    /// Fills a rectangle with a colour of the palette, at an opacity `strength` from 0 to 1.
    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, _ style: SeriesStyle, strength: Double)
    /// Draws a line of text, vertically centred at `y`.
    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, _ tone: Tone)
}

/// The colour and thickness of a line.
enum Ink: Equatable {
    /// A thin grey grid line.
    case grid
    /// Two pixels thick.
    case curve(SeriesStyle)
    /// The same colour, fainter, thinner and without dashes: the values before smoothing.
    case faint(SeriesStyle)
}

/// The colour and weight of a text.
enum Tone: Equatable {
    case soft, strong
    /// As dark as `strong`, on a coloured ground.
    case cell
    /// In the colour of a line.
    case series(SeriesStyle)
}

/// Which part of a text is at its x coordinate.
enum Anchor: String {
    case start, middle, end
}

/// Draws SVG markup. The colours come from ``SeriesStyle/css``.
struct SVGCanvas: Canvas {
    private(set) var body = ""

    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink) {
        // A polyline of one point draws nothing; with the point repeated, its round caps are drawn.
        let ends = points.count == 1 ? points + points : points
        let places = ends.map { "\(fixed($0.x, 1)),\(fixed($0.y, 1))" }.joined(separator: " ")
        let look =
            switch ink {
            case .grid: "grid"
            case .curve(let style): "s\(style.colour) d\(style.dash)"
            case .faint(let style): "faint s\(style.colour)"
            }
        body += "<polyline class=\"\(look)\" points=\"\(places)\"/>"
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, _ style: SeriesStyle, strength: Double
    ) {
        body += "<rect x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" width=\"\(fixed(width, 1))\""
        body += " height=\"\(fixed(height, 1))\" class=\"s\(style.colour)\""
        body += " fill-opacity=\"\(fixed(strength, 3))\"/>"
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, _ tone: Tone) {
        if text.isEmpty { return }
        let look =
            switch tone {
            case .soft: ""
            case .strong: " class=\"strong\""
            case .cell: " class=\"cell\""
            case .series(let style): " class=\"s\(style.colour)\""
            }
        body += "<text x=\"\(fixed(x, 1))\" y=\"\(fixed(y + 4, 1))\""
        body += " text-anchor=\"\(anchor.rawValue)\"\(look)>\(escaped(text))</text>"
    }

    /// The drawing as an element of a page that has the style sheet.
    func element(width: Double, height: Double, title: String) -> String {
        "<svg viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\">"
            + "<title>\(escaped(title))</title>\(body)</svg>\n"
    }

    /// The drawing as a file of its own.
    func document(width: Double, height: Double, title: String) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Int(width))\" height=\"\(Int(height))\""
            + " viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\">"
            + "<title>\(escaped(title))</title><style>\(SeriesStyle.css)svg{background:var(--ground)}</style>"
            + "\(body)</svg>\n"
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
