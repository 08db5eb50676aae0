import CKernels

/// Random rotation, zoom and shift that keep an image's class. They are one affine transform with bilinear sampling;
/// pixels outside the image repeat its edge. The draws depend on the seed, the step and the position in the batch.
public struct Augmentation: Codable, Equatable, Sendable {
    /// The largest shift, in pixels of a 28-pixel image; scaled for other sizes.
    public var shift: Double
    /// The largest rotation, in degrees either way.
    public var rotation: Double
    /// The largest change of size, as a fraction.
    public var zoom: Double
    /// Whether half of the pictures are mirrored left to right.
    public var mirrors: Bool

    /// An augmentation; none by default.
    public init(
        shift: Double = 0, rotation: Double = 0, zoom: Double = 0, mirrors: Bool = false
    ) {
        self.shift = shift
        self.rotation = rotation
        self.zoom = zoom
        self.mirrors = mirrors
    }

    /// For handwritten digits.
    public static let writing = Augmentation(shift: 2, rotation: 8, zoom: 0.08)
    /// For objects without a preferred left or right side.
    public static let things = Augmentation(shift: 1, mirrors: true)
    /// For any images.
    public static let shifts = Augmentation(shift: 1)

    /// The default for a dataset.
    public static func `default`(for data: String) -> Augmentation {
        ["mnist": writing, "fashion-mnist": things][data] ?? shifts
    }

    /// Writes an augmented copy of an image.
    ///
    /// - Parameters:
    ///   - source: bytes of `image`, which is [height, width, channels].
    ///   - target: as many values, in the range of `pixels`.
    ///   - key: of the seed and the step; `place` is the image's index in the batch.
    package func write(
        _ source: UnsafePointer<UInt8>, _ image: ImageSize, to target: UnsafeMutablePointer<Float>,
        pixels: PixelRange, key: RandomKey, place: Int
    ) {
        var chance = PhiloxDraws(key: key, stream: Augmentation.stream, place: place)
        let angle = chance.signed() * rotation * .pi / 180
        let size = 1 / (1 + chance.signed() * zoom)
        let (down, right) = (chance.signed() * shift, chance.signed() * shift)
        let mirror: Double = chance.signed() < 0 && mirrors ? -1 : 1
        let (height, width, channels) = (image.height, image.width, image.channels)
        // The target's centre in source coordinates, and the rotation scaled by the zoom.
        let (middleY, middleX) = (Double(height - 1) / 2, Double(width - 1) / 2)
        let (cosine, sine) = (LibM.cos(angle) * size, LibM.sin(angle) * size)
        let startY = middleY + down * Double(height) / 28
        let startX = middleX + right * Double(width) / 28
        let (scale, offset) = pixels.scaling
        for row in 0..<height {
            let y = Double(row) - middleY
            for column in 0..<width {
                let x = (Double(column) - middleX) * mirror
                let place = BilinearSample(
                    y: startY + cosine * y + sine * x, x: startX + cosine * x - sine * y,
                    height, width)
                let to = (row * width + column) * channels
                for channel in 0..<channels {
                    target[to + channel] =
                        place.read(source, width, channels, channel) * scale + offset
                }
            }
        }
    }

    private static let stream = Random.number(ofStream: "augmentation")
}

/// Bilinear interpolation at a position that is clamped to the image.
private struct BilinearSample {
    let top, bottom, left, right: Int
    let downwards, rightwards: Float

    @inline(__always)
    init(y: Double, x: Double, _ height: Int, _ width: Int) {
        let y = Float(max(0, min(Double(height - 1), y)))
        let x = Float(max(0, min(Double(width - 1), x)))
        (top, left) = (Int(y), Int(x))
        (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
        (downwards, rightwards) = (y - Float(top), x - Float(left))
    }

    @inline(__always)
    func read(_ source: UnsafePointer<UInt8>, _ width: Int, _ channels: Int, _ channel: Int)
        -> Float
    {
        func pixel(_ row: Int, _ column: Int) -> Float {
            Float(source[(row * width + column) * channels + channel])
        }
        let above = pixel(top, left) + (pixel(top, right) - pixel(top, left)) * rightwards
        let below =
            pixel(bottom, left) + (pixel(bottom, right) - pixel(bottom, left)) * rightwards
        return above + (below - above) * downwards
    }
}

/// Up to eight random values for one image.
private struct PhiloxDraws {
    private var words = [UInt32](repeating: 0, count: 8)
    private var next = 0

    init(key: RandomKey, stream: UInt32, place: Int) {
        words.withUnsafeMutableBufferPointer { words in
            guard let base = words.baseAddress else { return }
            for block in 0..<2 {
                gk_philox(key.words, stream, UInt32(place * 2 + block), base + 4 * block)
            }
        }
    }

    /// Uniform on [-1, 1).
    mutating func signed() -> Double {
        defer { next += 1 }
        return Double(words[next]) * 0x1p-31 - 1
    }
}
