import CGD

/// Draws on a white picture with libgd. Lines are drawn at four times the size and downsampled, for antialiasing. Text
/// is added afterwards, in libgd's built-in fonts of fixed size.
struct GDCanvas: Canvas {
    private static let scale = 4.0
    private let width: Int
    private let height: Int
    private let large: GDImage
    private var texts: [(text: String, x: Double, y: Double, bold: Bool)] = []

    init(width: Int, height: Int) throws {
        self.width = width
        self.height = height
        large = try GDImage.white(width * Int(GDCanvas.scale), height * Int(GDCanvas.scale))
    }

    mutating func line(_ points: [(x: Double, y: Double)], _ ink: Ink) {
        let (colour, thickness) = GDCanvas.pen(ink)
        gdImageSetThickness(large.pointer, thickness)
        let places = points.map { point in
            // Coordinates are pixel centres, half a pixel from the corner.
            (
                x: Int32((point.x + 0.5) * GDCanvas.scale),
                y: Int32((point.y + 0.5) * GDCanvas.scale)
            )
        }
        for (a, b) in zip(places, places.dropFirst()) {
            gdImageLine(large.pointer, a.x, a.y, b.x, b.y, colour)
        }
        if ink == .grid { return }
        // Round joins and ends.
        for place in places {
            gdImageFilledEllipse(large.pointer, place.x, place.y, thickness, thickness, colour)
        }
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, colour: Int, strength: Double
    ) {
        // Blended with the white background.
        var mixed: Int32 = 0
        for shift in [16, 8, 0] {
            let part = Double(colour >> shift & 255) * strength + 255 * (1 - strength)
            mixed = mixed << 8 | Int32(part.rounded())
        }
        let place = { (number: Double) in Int32((number * GDCanvas.scale).rounded()) }
        gdImageFilledRectangle(
            large.pointer, place(x), place(y), place(x + width) - 1, place(y + height) - 1, mixed)
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor, bold: Bool) {
        let width = Double(GDImage.width(of: text, bold ? .bold : .small))
        let left =
            switch anchor {
            case .start: x
            case .middle: x - width / 2
            case .end: x - width
            }
        texts.append((text, left, y, bold))
    }

    /// The picture at its own size.
    func raster() throws -> Raster {
        let image = try GDImage.white(width, height)
        gdImageCopyResampled(
            image.pointer, large.pointer, 0, 0, 0, 0, Int32(width), Int32(height),
            large.pointer.pointee.sx, large.pointer.pointee.sy)
        for text in texts {
            image.write(text.text, x: text.x, y: text.y, text.bold ? .bold : .small)
        }
        return image.raster(channels: 3)
    }

    private static func pen(_ ink: Ink) -> (colour: Int32, thickness: Int32) {
        switch ink {
        case .grid: return (0xdddddd, Int32(scale))
        case .curve(let colour): return (Int32(colour), Int32(2 * scale))
        case .faint(let colour):
            // 25 % of the colour and 75 % of white, in all three bytes at once.
            return (Int32((colour & 0xfcfcfc) >> 2 + 0xc0c0c0), Int32(scale))
        }
    }
}

extension GDImage {
    /// A white picture in full colour.
    static func white(_ width: Int, _ height: Int) throws -> GDImage {
        let image = try GDImage(
            gdImageCreateTrueColor(Int32(width), Int32(height)),
            "a picture of \(width)x\(height)")
        gdImageFilledRectangle(image.pointer, 0, 0, Int32(width), Int32(height), 0xffffff)
        return image
    }

    /// Copies a picture to (x, y).
    func put(_ picture: GDImage, x: Int, y: Int) {
        let size = picture.pointer.pointee
        gdImageCopy(pointer, picture.pointer, Int32(x), Int32(y), 0, 0, size.sx, size.sy)
    }

    /// libgd's built-in fixed-width fonts.
    enum Font {
        /// 6x13, 7x13 bold and 9x15 pixels.
        case small, bold, caption

        fileprivate var pointer: gdFontPtr? {
            switch self {
            case .small: gdFontGetSmall()
            case .bold: gdFontGetMediumBold()
            case .caption: gdFontGetGiant()
            }
        }
    }

    /// The width of a line of text in pixels.
    static func width(of text: String, _ font: Font) -> Int {
        text.utf8.count * Int(font.pointer?.pointee.w ?? 0)
    }

    /// Draws a line of ASCII text in dark grey, vertically centred at `y`.
    func write(_ text: String, x: Double, y: Double, _ font: Font) {
        guard let font = font.pointer else { return }
        var bytes = Array(text.utf8) + [0]
        let top = y - Double(font.pointee.h) / 2
        gdImageString(
            pointer, font, Int32(x.rounded()), Int32(top.rounded()), &bytes, 0x333333)
    }
}

extension Raster {
    /// Pictures side by side on white, each above its caption of ASCII text.
    static func beside(_ pictures: [(raster: Raster, caption: String)]) throws -> Raster {
        let (gap, line) = (16, 24)
        let widths = pictures.map {
            max($0.raster.width, GDImage.width(of: $0.caption, .caption))
        }
        let height = (pictures.map(\.raster.height).max() ?? 0) + 2 * gap + line
        let image = try GDImage.white(widths.reduce(gap) { $0 + $1 + gap }, height)
        var left = gap
        for ((raster, caption), width) in zip(pictures, widths) {
            image.put(try GDImage(raster), x: left + (width - raster.width) / 2, y: gap)
            let indent = (width - GDImage.width(of: caption, .caption)) / 2
            image.write(
                caption, x: Double(left + indent), y: Double(height - gap - line / 2 + 4), .caption)
            left += width + gap
        }
        return image.raster(channels: 3)
    }
}
