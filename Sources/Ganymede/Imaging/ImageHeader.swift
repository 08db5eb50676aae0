/// The format and size of a picture, read from its header before it is decoded.
struct ImageHeader {
    enum Format: String, CaseIterable {
        case png = "PNG"
        case jpeg = "JPEG"
        case gif = "GIF"
        case webp = "WebP"
    }

    let format: Format
    let width: Int
    let height: Int

    /// The most pixels that are decoded, so that a small file cannot fill the memory.
    static let mostPixels = 64 << 20
    /// The fewest pixels on a side.
    static let leastSide = 4

    /// Reads the header. The error's text continues a sentence that begins with the file's name.
    init(_ bytes: UnsafeRawBufferPointer) throws(ImageFault) {
        guard !bytes.isEmpty else { throw ImageFault("is empty") }
        guard let format = ImageHeader.format(bytes) else {
            throw ImageFault("is not a PNG, JPEG, GIF or WebP picture")
        }
        let reader = Reader(bytes: bytes)
        let size: (width: Int, height: Int)?
        switch format {
        case .png: size = reader.png()
        case .jpeg: size = reader.jpeg()
        case .gif: size = reader.gif()
        case .webp:
            if reader.isAnimatedWebP {
                throw ImageFault("is an animated WebP, which libgd cannot read: save one frame")
            }
            size = reader.webp()
        }
        guard let size else { throw ImageFault("is damaged or cut short") }
        (self.format, width, height) = (format, size.width, size.height)
        guard min(width, height) >= ImageHeader.leastSide else {
            throw ImageFault("has \(width)x\(height) pixels, and 4x4 is the least")
        }
        let (pixels, overflows) = width.multipliedReportingOverflow(by: height)
        guard !overflows, pixels <= ImageHeader.mostPixels else {
            throw ImageFault("has \(width)x\(height) pixels, more than 64 million")
        }
    }

    private static func format(_ bytes: UnsafeRawBufferPointer) -> Format? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]) { return .png }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) { return .gif }
        let isWebP = bytes.starts(with: "RIFF".utf8) && bytes.dropFirst(8).starts(with: "WEBP".utf8)
        return isWebP ? .webp : nil
    }
}

/// Why a picture cannot be used. The text follows the file's name.
struct ImageFault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Parses the width and height; nil if the bytes end too early or are invalid.
private struct Reader {
    let bytes: UnsafeRawBufferPointer

    private func byte(_ at: Int) -> Int? { at < bytes.count ? Int(bytes[at]) : nil }

    private func big(_ at: Int, _ count: Int) -> Int? {
        guard at + count <= bytes.count else { return nil }
        return (0..<count).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
    }

    private func little(_ at: Int, _ count: Int) -> Int? {
        guard at + count <= bytes.count else { return nil }
        return (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
    }

    private func pair(_ width: Int?, _ height: Int?) -> (Int, Int)? {
        guard let width, let height else { return nil }
        return (width, height)
    }

    func png() -> (Int, Int)? { pair(big(16, 4), big(20, 4)) }

    /// From the first frame header (SOF), found by skipping the segments before it.
    func jpeg() -> (Int, Int)? {
        var at = 2
        while let marker = byte(at + 1), byte(at) == 0xFF {
            // Any number of 0xFF may precede a marker.
            if marker == 0xFF {
                at += 1
                continue
            }
            if (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker) {
                return pair(big(at + 7, 2), big(at + 5, 2))
            }
            guard let length = big(at + 2, 2), length >= 2 else { return nil }
            at += 2 + length
        }
        return nil
    }

    /// Also checks that the first frame's blocks are complete, because libgd accepts a truncated picture.
    func gif() -> (Int, Int)? {
        func table(_ flags: Int) -> Int { flags & 0x80 == 0 ? 0 : 3 << ((flags & 7) + 1) }
        guard let screen = pair(little(6, 2), little(8, 2)), let flags = byte(10) else {
            return nil
        }
        var at = 13 + table(flags)
        while let introducer = byte(at) {
            var size = screen
            if introducer == 0x21 {
                at += 2
            } else if introducer == 0x2C, let flags = byte(at + 9),
                let frame = pair(little(at + 5, 2), little(at + 7, 2))
            {
                size = (max(frame.0, screen.0), max(frame.1, screen.1))
                at += 11 + table(flags)
            } else {
                return nil
            }
            while let length = byte(at), length > 0 { at += 1 + length }
            guard at < bytes.count else { return nil }
            at += 1
            if introducer == 0x2C { return size }
        }
        return nil
    }

    private var webpChunk: String { String(decoding: bytes.dropFirst(12).prefix(4), as: UTF8.self) }

    var isAnimatedWebP: Bool { webpChunk == "VP8X" && (byte(20) ?? 0) & 2 != 0 }

    func webp() -> (Int, Int)? {
        switch webpChunk {
        case "VP8X": return pair(little(24, 3).map { $0 + 1 }, little(27, 3).map { $0 + 1 })
        case "VP8L":
            guard let bits = little(21, 4) else { return nil }
            return (bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1)
        case "VP8 ":
            return pair(little(26, 2).map { $0 & 0x3FFF }, little(28, 2).map { $0 & 0x3FFF })
        default: return nil
        }
    }
}
