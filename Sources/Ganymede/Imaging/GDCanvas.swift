import CGD

/// Draws on a white picture with libgd, twice as large as the coordinates say. Lines are drawn twice as large again and
/// downsampled, for antialiasing. Text is added afterwards: see ``GDImage/write(_:x:y:_:_:)``.
struct GDCanvas: Canvas {
    /// Pixels of the picture for a pixel of the chart; the drawing has twice as many.
    private static let zoom = 2.0
    private static let scale = 2 * zoom
    private let width: Int
    private let height: Int
    private let large: GDImage
    private var texts: [(text: String, x: Double, y: Double, anchor: Anchor, tone: Tone)] = []

    init(width: Int, height: Int) throws {
        self.width = width
        self.height = height
        large = try GDImage.white(width * Int(GDCanvas.scale), height * Int(GDCanvas.scale))
    }

    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink) {
        let (colour, thickness) = GDCanvas.pen(ink)
        gdImageSetThickness(large.pointer, thickness)
        var parts = [points]
        if case .curve(let style) = ink { parts = dashed(points, SeriesStyle.dashes[style.dash]) }
        for part in parts {
            let places = part.map { point in
                // Coordinates are pixel centres, half a pixel from the corner.
                (
                    x: Int32((point.x + 0.5) * GDCanvas.scale),
                    y: Int32((point.y + 0.5) * GDCanvas.scale)
                )
            }
            for (a, b) in zip(places, places.dropFirst()) {
                gdImageLine(large.pointer, a.x, a.y, b.x, b.y, colour)
            }
            if ink == .grid { continue }
            // Round joins and ends.
            for place in places {
                gdImageFilledEllipse(large.pointer, place.x, place.y, thickness, thickness, colour)
            }
        }
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, _ style: SeriesStyle, strength: Double
    ) {
        let place = { (number: Double) in Int32((number * GDCanvas.scale).rounded()) }
        gdImageFilledRectangle(
            large.pointer, place(x), place(y), place(x + width) - 1, place(y + height) - 1,
            GDCanvas.mixed(SeriesStyle.light[style.colour], strength))
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, _ tone: Tone) {
        texts.append((text, x, y, anchor, tone))
    }

    /// The picture, twice as large as the chart.
    func raster() throws -> Raster {
        let (zoom, image) = (GDCanvas.zoom, try large.halved())
        for text in texts where !text.text.isEmpty {
            let colour: Int32 =
                switch text.tone {
                case .soft: 0x5c5c5c
                case .strong, .cell: 0x222222
                case .series(let style): Int32(SeriesStyle.light[style.colour])
                }
            image.draw(
                text.text, x: text.x * zoom, y: text.y * zoom, text.anchor, pixels: 12 * zoom,
                isBold: text.tone == .strong, colour: colour)
        }
        return image.raster(channels: 3)
    }

    /// A colour blended with the white background.
    private static func mixed(_ colour: Int, _ strength: Double) -> Int32 {
        [16, 8, 0].reduce(0) { mixed, shift in
            let part = Double(colour >> shift & 255) * strength + 255 * (1 - strength)
            return mixed << 8 | Int32(part.rounded())
        }
    }

    private static func pen(_ ink: Ink) -> (colour: Int32, thickness: Int32) {
        switch ink {
        case .grid: (0xdddddd, Int32(scale))
        case .curve(let style): (Int32(SeriesStyle.light[style.colour]), Int32(2 * scale))
        case .faint(let style): (mixed(SeriesStyle.light[style.colour], 0.3), Int32(scale))
        }
    }
}
