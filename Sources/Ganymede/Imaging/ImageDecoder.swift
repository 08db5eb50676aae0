import CGD
package import FoundationEssentials
import Glibc
import Synchronization

extension GDImage {
    /// Decodes a picture. Transparency is blended with white, a GIF gives its first frame, 16 bits a channel become 8,
    /// and CMYK becomes RGB.
    static func decoded(_ bytes: UnsafeRawBufferPointer, _ header: ImageHeader) throws -> GDImage {
        let (pointer, messages) = GDMessages.collect(mutes: header.format == .png) {
            GDImage.decode(bytes, header.format)
        }
        // libgd accepts a truncated JPEG and only reports a message.
        guard let pointer, header.format != .jpeg || messages.isEmpty else {
            if let pointer { gdImageDestroy(pointer) }
            throw ImageFault("is damaged or cut short" + (GDMessages.detail(messages) ?? ""))
        }
        let image = try GDImage(pointer, "a picture")
        // A JPEG has no transparency.
        return header.format == .jpeg ? image : try image.overWhite()
    }

    /// Whether the channels of any pixel differ by more than 16: a JPEG's greys may differ slightly.
    var isColoured: Bool {
        for y in 0..<pointer.pointee.sy {
            for x in 0..<pointer.pointee.sx {
                let colour = gdImageGetTrueColorPixel(pointer, x, y)
                let (red, green, blue) = (colour >> 16 & 255, colour >> 8 & 255, colour & 255)
                if max(red, green, blue) - min(red, green, blue) > 16 { return true }
            }
        }
        return false
    }

    fileprivate static func decode(
        _ bytes: UnsafeRawBufferPointer, _ format: ImageHeader.Format
    ) -> gdImagePtr? {
        let count = Int32(clamping: bytes.count)
        // libgd only reads, although its parameter is mutable.
        let data = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return switch format {
        case .png: gdImageCreateFromPngPtr(count, data)
        case .jpeg: gdImageCreateFromJpegPtrEx(count, data, 0)
        case .gif: gdImageCreateFromGifPtr(count, data)
        case .webp: gdImageCreateFromWebpPtr(count, data)
        }
    }

    fileprivate func overWhite() throws -> GDImage {
        let (width, height) = (pointer.pointee.sx, pointer.pointee.sy)
        let canvas = try GDImage(
            gdImageCreateTrueColor(width, height), "a picture of \(width)x\(height)")
        gdImageFilledRectangle(canvas.pointer, 0, 0, width, height, 0xFFFFFF)
        gdImageCopy(canvas.pointer, pointer, 0, 0, 0, 0, width, height)
        return canvas
    }
}

/// Collects the messages that libgd would print on standard error.
private enum GDMessages {
    /// One picture at a time, because libgd has one global error handler.
    private static let lock = Mutex(())
    nonisolated(unsafe) private static var said: [String] = []
    private static let listen: Void = gdSetErrorMethod { _, format, arguments in
        guard let format, let arguments else { return }
        var text = [CChar](repeating: 0, count: 256)
        vsnprintf(&text, text.count, format, arguments)
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        GDMessages.said.append(String(decoding: bytes, as: UTF8.self))
    }

    /// - Parameter mutes: whether the reader also prints by itself.
    static func collect(
        mutes: Bool, _ read: () -> gdImagePtr?
    ) -> (gdImagePtr?, [String]) {
        _ = listen
        var pointer: gdImagePtr?
        let messages = lock.withLock { _ in
            said = []
            pointer = mutes ? withoutErrors(read) : read()
            return said
        }
        return (pointer, messages)
    }

    private static let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)

    /// libgd's reader of PNG lets libpng print on standard error: a line for each interlaced picture, and for each with a
    /// colour profile that libpng dislikes. It has no other switch than the descriptor. Redirecting it takes 0.7 us beside
    /// the 2.7 us that an interlaced picture of 8x8 pixels takes (Zen 5); what other threads print in that time is lost.
    private static func withoutErrors(_ read: () -> gdImagePtr?) -> gdImagePtr? {
        let errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        guard errors >= 0, nowhere >= 0 else { return read() }
        dup2(nowhere, STDERR_FILENO)
        defer {
            dup2(errors, STDERR_FILENO)
            close(errors)
        }
        return read()
    }

    /// ` (truncated data)`: the first message after its last colon; nil if it has none.
    static func detail(_ messages: [String]) -> String? {
        guard let first = messages.first, let colon = first.lastIndex(of: ":") else { return nil }
        let end = first[first.index(after: colon)...].filter { $0 != "\n" }
        return " (" + end.drop { $0 == " " } + ")"
    }
}

extension Raster {
    /// A picture of any format that is read, as a square of colours.
    package init(picture: Data, size: Int) throws {
        self = try picture.withUnsafeBytes { bytes in
            try GDImage.decoded(bytes, ImageHeader(bytes)).square(size).raster(channels: 3)
        }
    }
}
