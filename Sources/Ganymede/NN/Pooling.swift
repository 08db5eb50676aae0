/// The largest value in a window, channel by channel.
public struct MaxPool2D: Layer {
    public static let kind = "max_pool2d"
    public var mixesSamples: Bool { false }
    /// Rows and columns of the window.
    public let poolSize: Extent2D
    /// Rows and columns between window positions.
    public let strides: Extent2D
    /// Padding around the image, which is never the largest value.
    public let padding: Padding

    /// A pooling with Keras's defaults: windows of two pixels a side that do not overlap.
    public init(_ poolSize: Extent2D = 2, strides: Extent2D? = nil, padding: Padding = .valid) {
        self.poolSize = poolSize
        self.strides = strides ?? poolSize
        self.padding = padding
    }

    public func fault(forSample shape: [Int]) -> String? {
        poolingFault(shape, poolSize, strides, padding)
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        x.maxPooled(poolSize.array, strides: strides.array, padding: padding)
    }
}

/// The mean in a window, channel by channel, over the pixels inside the image.
public struct AveragePool2D: Layer {
    public static let kind = "average_pool2d"
    public var mixesSamples: Bool { false }
    /// Rows and columns of the window.
    public let poolSize: Extent2D
    /// Rows and columns between window positions.
    public let strides: Extent2D
    /// Padding around the image, which does not count.
    public let padding: Padding

    /// A pooling with Keras's defaults: windows of two pixels a side that do not overlap.
    public init(_ poolSize: Extent2D = 2, strides: Extent2D? = nil, padding: Padding = .valid) {
        self.poolSize = poolSize
        self.strides = strides ?? poolSize
        self.padding = padding
    }

    public func fault(forSample shape: [Int]) -> String? {
        poolingFault(shape, poolSize, strides, padding)
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        x.averagePooled(poolSize.array, strides: strides.array, padding: padding)
    }
}

private func poolingFault(
    _ shape: [Int], _ size: Extent2D, _ strides: Extent2D, _ padding: Padding
) -> String? {
    guard shape.count == 3 else { return imageWanted }
    if let fault = size.fault("window") ?? strides.fault("strides") { return fault }
    // A window of only padding has no largest value and no mean.
    if case .symmetric(let rows, let columns) = padding,
        !(0..<size.rows).contains(rows) || !(0..<size.columns).contains(columns)
    {
        return "its padding is smaller than its window"
    }
    let window = Window(
        image: Array(shape[..<2]), size: size.array, strides: strides.array, padding: padding)
    if !window.isPossible { return "its window \(window) has no place" }
    // Unless the window tiles the image, each of its pixels becomes a separate tensor.
    return size.rows * size.columns <= 64 || window.tiles
        ? nil : "its window of \(size.array) pixels has more than 64 and does not tile the image"
}

/// Repeats every pixel: nearest-neighbour upsampling, as in Keras.
public struct UpSampling2D: Layer {
    public static let kind = "up_sampling2d"
    public static var defaults: UpSampling2D? { UpSampling2D() }
    public var mixesSamples: Bool { false }
    /// Rows and columns that one pixel becomes.
    public let size: Extent2D

    /// An upsampling, by default by two.
    public init(_ size: Extent2D = 2) { self.size = size }

    public func fault(forSample shape: [Int]) -> String? {
        shape.count == 3 ? size.fault("factor") : imageWanted
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        x.upsampledNearest(rows: size.rows, columns: size.columns)
    }
}

/// Adds zeros around an image.
public struct ZeroPadding2D: Layer {
    public static let kind = "zero_padding2d"
    public var mixesSamples: Bool { false }
    /// Rows above and columns left of the image.
    public let before: Extent2D
    /// Rows below and columns right of it.
    public let after: Extent2D

    /// As many zeros on opposite sides, by default one.
    public init(_ padding: Extent2D = 1) { self.init(before: padding, after: padding) }

    /// Different numbers of zeros on opposite sides.
    public init(before: Extent2D, after: Extent2D) {
        self.before = before
        self.after = after
    }

    public func fault(forSample shape: [Int]) -> String? {
        guard shape.count == 3 else { return imageWanted }
        return (before.array + after.array).allSatisfy((0...1024).contains)
            ? nil : "its padding is from 0 to 1024, and not \(before.array) and \(after.array)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        x.padded(before: [0] + before.array + [0], after: [0] + after.array + [0])
    }
}
