/// A picture with 8 bits a channel, [height, width, channels].
public struct Raster: Sendable, Equatable {
    /// Pixels in a column.
    public let height: Int
    /// Pixels in a row.
    public let width: Int
    /// 1 for grey, 3 for red, green, blue.
    public let channels: Int
    /// Row by row, channels last.
    public var pixels: [UInt8]

    /// A picture of the given pixels, or all black.
    public init(height: Int, width: Int, channels: Int, pixels: [UInt8]? = nil) {
        let count = height * width * channels
        if let pixels, pixels.count != count {
            misuse("\(pixels.count) bytes for a picture of \(height)x\(width)x\(channels)")
        }
        self.height = height
        self.width = width
        self.channels = channels
        self.pixels = pixels ?? [UInt8](repeating: 0, count: count)
    }

    /// A grid of pictures with gaps between them. Each pixel becomes a square of side `scale`.
    ///
    /// - Parameters:
    ///   - images: bytes of `[count, height, width, channels]`.
    ///   - image: the size of a picture.
    ///   - rows: rows of pictures.
    ///   - columns: pictures in a row.
    ///   - scale: side of the square that each pixel becomes.
    ///   - gap: pixels between two pictures.
    public static func grid(
        _ images: [UInt8], image: ImageSize, rows: Int, columns: Int, scale: Int = 2, gap: Int = 4
    ) -> Raster {
        let (height, width, channels) = (image.height, image.width, image.channels)
        let (cellHeight, cellWidth) = (height * scale + gap, width * scale + gap)
        var grid = Raster(
            height: rows * cellHeight + gap, width: columns * cellWidth + gap, channels: channels,
            pixels: [UInt8](
                repeating: 96,
                count: (rows * cellHeight + gap) * (columns * cellWidth + gap) * channels))
        let size = height * width * channels
        for index in 0..<min(images.count / max(size, 1), rows * columns) {
            let (top, left) = (
                index / columns * cellHeight + gap, index % columns * cellWidth + gap
            )
            for y in 0..<height * scale {
                for x in 0..<width * scale {
                    let from = index * size + (y / scale * width + x / scale) * channels
                    let to = ((top + y) * grid.width + left + x) * channels
                    for channel in 0..<channels {
                        grid.pixels[to + channel] = images[from + channel]
                    }
                }
            }
        }
        return grid
    }
}

extension Raster {
    /// Every second pixel of every second row: the original pixels of a grid drawn at scale 2.
    var halved: Raster {
        var half = Raster(height: height / 2, width: width / 2, channels: channels)
        for y in 0..<half.height {
            for x in 0..<half.width {
                for channel in 0..<channels {
                    half.pixels[(y * half.width + x) * channels + channel] =
                        pixels[(2 * y * width + 2 * x) * channels + channel]
                }
            }
        }
        return half
    }

    /// Values rounded to bytes: the inverse of ``PixelRange/scaling``.
    static func bytes(_ values: some Sequence<Float>, _ range: PixelRange) -> [UInt8] {
        let (scale, offset) = range.scaling
        return values.map { UInt8(max(0, min(255, (($0 - offset) / scale).rounded()))) }
    }
}
