/// Height, width and channels of images. Also written `[28, 28, 1]`.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
    /// Pixels from top to bottom, and from left to right.
    public let height, width: Int
    /// 1 for grey, 3 for red, green and blue.
    public let channels: Int

    /// A size of images.
    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// The size of square images.
    public init(side: Int, channels: Int) {
        self.init(height: side, width: side, channels: channels)
    }

    /// Height, width, channels; nil where these are none of images.
    package init?(shape: [Int]) {
        guard shape.count == 3, shape[0] > 0, shape[1] > 0, shape[2] == 1 || shape[2] == 3 else {
            return nil
        }
        self.init(height: shape[0], width: shape[1], channels: shape[2])
    }

    /// Height, width, channels.
    public var shape: [Int] { [height, width, channels] }
    /// Pixels of a channel.
    var area: Int { height * width }
    /// Bytes of an image.
    package var count: Int { area * channels }
    /// The same size with other channels.
    func withChannels(_ channels: Int) -> ImageSize {
        ImageSize(height: height, width: width, channels: channels)
    }

    /// `[28,28,1]`
    public var description: String { "[\(height),\(width),\(channels)]" }
    /// `28x28x1`
    package var text: String { "\(height)x\(width)x\(channels)" }
}

extension ImageSize: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) {
        guard elements.count == 3 else {
            misuse("images have a height, a width and channels, and not \(elements)")
        }
        self.init(height: elements[0], width: elements[1], channels: elements[2])
    }
}
