import CGD
import Synchronization

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

    /// libgd's font cache and fontconfig are used by one thread at a time.
    private static let fonts = Mutex(())

    /// Draws a line of text vertically centred at `y`, in the system's sans-serif font, which fontconfig finds; where it
    /// finds none, in a built-in font, which has ASCII only.
    func draw(
        _ text: String, x: Double, y: Double, _ anchor: Anchor, pixels: Double, isBold: Bool,
        colour: Int32
    ) {
        func start(_ width: Double) -> Double {
            switch anchor {
            case .start: x
            case .middle: x - width / 2
            case .end: x - width
            }
        }
        // libgd has 96 pixels an inch, of 72 points.
        let points = pixels * 72 / 96
        let isDrawn = GDImage.fonts.withLock { _ in
            gdFTUseFontConfig(1)
            var box = [Int32](repeating: 0, count: 8)
            let font = isBold ? "sans-serif:bold" : "sans-serif"
            let fault = gdImageStringFT(nil, &box, colour, font, points, 0, 0, 0, text)
            if fault != nil { return false }
            let left = start(Double(box[2] - box[0]))
            // Half the height of capitals below the middle.
            let base = y + 0.36 * pixels
            return gdImageStringFT(
                pointer, &box, colour, font, points, 0, Int32(left.rounded()),
                Int32(base.rounded()), text) == nil
        }
        if isDrawn { return }
        write(
            text, x: start(Double(GDImage.width(of: text, .caption))), y: y, .caption,
            colour: colour)
    }

    /// libgd's built-in fixed-width fonts.
    enum Font {
        /// 6x13 and 9x15 pixels.
        case small, caption

        fileprivate var pointer: gdFontPtr? {
            switch self {
            case .small: gdFontGetSmall()
            case .caption: gdFontGetGiant()
            }
        }
    }

    /// The width of a line of text in pixels.
    static func width(of text: String, _ font: Font) -> Int {
        text.utf8.count * Int(font.pointer?.pointee.w ?? 0)
    }

    /// Draws a line of ASCII text, dark grey if no colour is given, vertically centred at `y`.
    func write(
        _ text: String, x: Double, y: Double, _ font: Font, colour: Int32 = 0x333333
    ) {
        guard let font = font.pointer else { return }
        var bytes = Array(text.utf8) + [0]
        let top = y - Double(font.pointee.h) / 2
        gdImageString(
            pointer, font, Int32(x.rounded()), Int32(top.rounded()), &bytes, colour)
    }
}

extension Raster {
    /// Pictures on white, each above its caption of ASCII text: up to five side by side, more in about as many rows as
    /// columns.
    static func beside(_ pictures: [(raster: Raster, caption: String)]) throws -> Raster {
        let (gap, line) = (16, 24)
        let count = max(pictures.count, 1)
        let columns =
            count <= 5 ? count : Int(Double(count).squareRoot().rounded(.up))
        let rows = (count + columns - 1) / columns
        func place(_ column: Int) -> [(raster: Raster, caption: String)] {
            stride(from: column, to: pictures.count, by: columns).map { pictures[$0] }
        }
        let widths = (0..<columns).map { column in
            place(column).map {
                max($0.raster.width, GDImage.width(of: $0.caption, .caption))
            }.max() ?? 0
        }
        let height = (pictures.map(\.raster.height).max() ?? 0) + gap + line
        let image = try GDImage.white(widths.reduce(gap) { $0 + $1 + gap }, rows * height + gap)
        for (index, (raster, caption)) in pictures.enumerated() {
            let (row, column) = (index / columns, index % columns)
            let left = widths[..<column].reduce(gap) { $0 + $1 + gap }
            let (top, width) = (row * height + gap, widths[column])
            image.put(try GDImage(raster), x: left + (width - raster.width) / 2, y: top)
            let indent = (width - GDImage.width(of: caption, .caption)) / 2
            image.write(
                caption, x: Double(left + indent),
                y: Double(top + height - gap - line / 2 + 4), .caption)
        }
        return image.raster(channels: 3)
    }

    /// The picture above a strip with a caption of ASCII text.
    package func captioned(_ caption: String) throws -> Raster {
        let line = 18
        let image = try GDImage(
            gdImageCreateTrueColor(Int32(width), Int32(height + line)), "a picture")
        image.put(try GDImage(self, greys: nil), x: 0, y: 0)
        image.write(
            caption, x: 4, y: Double(height) + Double(line) / 2, .small, colour: 0xffffff)
        return image.raster(channels: channels)
    }
}
