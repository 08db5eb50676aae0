/// Samples of a dataset or of a generator.
public enum Samples: Sendable, Equatable {
    /// Bytes of images, [count, height, width, channels].
    case images([UInt8], ImageSize)
    /// Colour images whose channels are grey images: `indices` [count, 3] into `greys`, the bytes of the grey images.
    /// The size is that of the colour images.
    case stacks(greys: [UInt8], indices: [Int32], ImageSize)
    /// Coordinates in the plane, [count, 2].
    case points([Float])

    /// The type of one sample.
    public var extent: SampleExtent {
        switch self {
        case .images(_, let size), .stacks(_, _, let size): .image(size)
        case .points: .point
        }
    }

    /// The number of samples.
    public var count: Int {
        switch self {
        case .images(let bytes, let size): bytes.count / max(size.count, 1)
        case .stacks(_, let indices, let size): indices.count / size.channels
        case .points(let coordinates): coordinates.count / 2
        }
    }

    /// The bytes of one image, channels last; empty for points.
    public func pixels(of index: Int) -> [UInt8] {
        switch self {
        case .images(let bytes, let size):
            return Array(bytes[index * size.count..<(index + 1) * size.count])
        case .stacks(let greys, let indices, let size):
            return (0..<size.count).map { place in
                let grey = Int(indices[index * size.channels + place % size.channels])
                return greys[grey * size.area + place / size.channels]
            }
        case .points: return []
        }
    }

    /// SHA-256 of all samples.
    var digest: String {
        let hash = SHA256()
        switch self {
        case .images(let bytes, _): bytes.withUnsafeBytes(hash.update)
        case .stacks(let greys, let indices, _):
            greys.withUnsafeBytes(hash.update)
            indices.withUnsafeBytes(hash.update)
        case .points(let coordinates): coordinates.withUnsafeBytes(hash.update)
        }
        return hash.hexadecimal()
    }

    /// The chosen samples, in that order.
    func picking(_ chosen: [Int]) -> Samples {
        switch self {
        case .images(let bytes, let size): .images(bytes.rows(chosen, of: size.count), size)
        case .stacks(let greys, let indices, let size):
            .stacks(greys: greys, indices: indices.rows(chosen, of: size.channels), size)
        case .points(let coordinates): .points(coordinates.rows(chosen, of: 2))
        }
    }
}

extension Array {
    /// The chosen rows of `size` elements, one after the other.
    func rows(_ chosen: [Int], of size: Int) -> [Element] {
        var picked: [Element] = []
        picked.reserveCapacity(chosen.count * size)
        for index in chosen { picked += self[index * size..<(index + 1) * size] }
        return picked
    }
}

/// The type of a sample.
public enum SampleExtent: Hashable, Sendable, CustomStringConvertible {
    /// An image of a size.
    case image(ImageSize)
    /// A point of the plane.
    case point

    /// The sample type of this shape; nil if it is neither an image nor a point.
    package init?(shape: [Int]) {
        if shape == SampleExtent.point.shape {
            self = .point
        } else if let size = ImageSize(shape: shape) {
            self = .image(size)
        } else {
            return nil
        }
    }

    /// The input shape of a network: [height, width, channels], or [2].
    public var shape: [Int] {
        switch self {
        case .image(let size): size.shape
        case .point: [2]
        }
    }

    /// The size of images; nil for points.
    public var image: ImageSize? { if case .image(let size) = self { size } else { nil } }

    /// `images of [28,28,1]`, or `points`.
    public var description: String {
        switch self {
        case .image(let size): "images of \(size)"
        case .point: "points"
        }
    }
}
