/// A convolution over images [N, H, W, C], as Keras's `Conv2D`: `weight` is
/// [kernel rows, kernel columns, C, filters], `bias` [filters].
public struct Conv2D: Layer {
    public static let kind = "conv2d"
    public static var defaults: Conv2D? { Conv2D(0, kernelSize: 0) }
    public var mixesSamples: Bool { false }
    /// Output channels.
    public let filters: Int
    /// Rows and columns of the kernel.
    public let kernelSize: Extent2D
    /// Rows and columns between window positions.
    public let strides: Extent2D
    /// Zeros around the image.
    public let padding: Padding
    /// Whether a bias is added to each channel.
    public let useBias: Bool

    /// A convolution with Keras's defaults: Glorot-uniform weights, zero biases, no padding.
    public init(
        _ filters: Int, kernelSize: Extent2D, strides: Extent2D = 1, padding: Padding = .valid,
        useBias: Bool = true
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.useBias = useBias
    }

    public func fault(forSample shape: [Int]) -> String? {
        convolutionFault(shape, filters, kernelSize, strides, padding) {
            Window(image: $0, size: kernelSize.array, strides: strides.array, padding: padding)
        }
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let shape = Shape(kernelSize.array + [x.shape[3], filters])
        let weight = context.parameter("weight", shape, .glorotUniform)
        let y = x.convolution(weight, strides: strides.array, padding: padding)
        return useBias ? y + context.parameter("bias", [filters], .zeros) : y
    }
}

/// A transposed convolution over images [N, H, W, C], as Keras's `Conv2DTranspose`: `weight` is
/// [kernel rows, kernel columns, filters, C], `bias` [filters]. With `same` padding the image's rows and columns are
/// multiplied by the strides exactly.
public struct ConvTranspose2D: Layer {
    public static let kind = "conv2d_transpose"
    public static var defaults: ConvTranspose2D? { ConvTranspose2D(0, kernelSize: 0) }
    public var mixesSamples: Bool { false }
    /// Output channels.
    public let filters: Int
    /// Rows and columns of the kernel.
    public let kernelSize: Extent2D
    /// Rows and columns between the outputs of neighbouring pixels.
    public let strides: Extent2D
    /// The padding of the forward convolution that this one transposes.
    public let padding: Padding
    /// Whether a bias is added to each channel.
    public let useBias: Bool

    /// A transposed convolution with Keras's defaults.
    public init(
        _ filters: Int, kernelSize: Extent2D, strides: Extent2D = 1, padding: Padding = .valid,
        useBias: Bool = true
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.useBias = useBias
    }

    public func fault(forSample shape: [Int]) -> String? {
        convolutionFault(shape, filters, kernelSize, strides, padding) {
            Window(outputSize: $0, size: kernelSize.array, strides: strides.array, padding: padding)
        }
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let shape = Shape(kernelSize.array + [filters, x.shape[3]])
        let weight = context.parameter("weight", shape, .glorotUniform)
        let y = x.transposedConvolution(weight, strides: strides.array, padding: padding)
        return useBias ? y + context.parameter("bias", [filters], .zeros) : y
    }
}

private func convolutionFault(
    _ shape: [Int], _ filters: Int, _ kernelSize: Extent2D, _ strides: Extent2D,
    _ padding: Padding, _ window: ([Int]) -> Window
) -> String? {
    guard shape.count == 3 else { return imageWanted }
    if !(1...65_536).contains(filters) { return "it makes 1 to 65,536 channels, not \(filters)" }
    if let fault = kernelSize.fault("kernel") ?? strides.fault("strides") { return fault }
    if case .symmetric(let rows, let columns) = padding,
        !(0..<kernelSize.rows).contains(rows) || !(0..<kernelSize.columns).contains(columns)
    {
        return "its padding is from 0 to below its kernel, and not \(rows) and \(columns): "
            + "put a ZeroPadding2D before it"
    }
    let made = window(Array(shape[..<2]))
    return made.isPossible && made.image.allSatisfy { $0 <= 65_536 }
        ? nil : "its window \(made) has no place"
}

let imageWanted = "it takes images [height, width, channels]: put a Reshape before it"
