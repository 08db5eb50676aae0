/// Bilinear enlargement by two in each direction: each new pixel is 3/4 of the nearest and 1/4 of the second nearest
/// old one along each axis; the edge repeats. As `UpSampling2D(interpolation="bilinear")` of Keras.
public struct BilinearUpSampling2D: Layer {
    public static let kind = "bilinear_up_sampling2d"
    public var mixesSamples: Bool { false }
    /// An enlargement by two.
    public init() {}

    public func fault(forSample shape: [Int]) -> String? { shape.count == 3 ? nil : imageWanted }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        [1, 2].reduce(x) { image, axis in
            let (before, after) = image.neighbours(axis)
            let even = image * 0.75 + before * 0.25
            let odd = image * 0.75 + after * 0.25
            var (split, whole) = (image.shape.dimensions, image.shape.dimensions)
            split.insert(1, at: axis + 1)
            whole[axis] *= 2
            return concatenate(
                [even.reshape(Shape(split)), odd.reshape(Shape(split))], axis: axis + 1
            )
            .reshape(Shape(whole))
        }
    }
}

/// Bilinear reduction by two in each direction, with the filter [1, 3, 3, 1] / 8 along each axis, the adjoint of
/// ``BilinearUpSampling2D`` up to its scale; the edge repeats. Height and width are even.
public struct BilinearDownSampling2D: Layer {
    public static let kind = "bilinear_down_sampling2d"
    public var mixesSamples: Bool { false }
    /// A reduction by two.
    public init() {}

    public func fault(forSample shape: [Int]) -> String? {
        guard shape.count == 3 else { return imageWanted }
        return shape[0] % 2 == 0 && shape[1] % 2 == 0
            ? nil : "height and width are even, and not \(shape[0]) and \(shape[1])"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        [1, 2].reduce(x) { image, axis in
            var split = image.shape.dimensions
            split[axis] /= 2
            let half = Shape(split)
            split.insert(2, at: axis + 1)
            let pairs = image.reshape(Shape(split))
            let even = pairs.slice(axis: axis + 1, 0..<1).reshape(half)
            let odd = pairs.slice(axis: axis + 1, 1..<2).reshape(half)
            // The pixel before an even one is odd, and the one after an odd one even; the edge repeats.
            let count = half[axis]
            let before = concatenate(
                [even.slice(axis: axis, 0..<1)]
                    + (count > 1 ? [odd.slice(axis: axis, 0..<count - 1)] : []), axis: axis)
            let after = concatenate(
                (count > 1 ? [even.slice(axis: axis, 1..<count)] : [])
                    + [odd.slice(axis: axis, count - 1..<count)], axis: axis)
            return (even + odd) * 0.375 + before * 0.125 + after * 0.125
        }
    }
}

extension Tensor {
    /// The image shifted by one pixel along an axis, both ways; the edge repeats.
    fileprivate func neighbours(_ axis: Int) -> (before: Tensor, after: Tensor) {
        let count = shape[axis]
        let (first, last) = (slice(axis: axis, 0..<1), slice(axis: axis, count - 1..<count))
        if count == 1 { return (first, last) }
        return (
            concatenate([first, slice(axis: axis, 0..<count - 1)], axis: axis),
            concatenate([slice(axis: axis, 1..<count), last], axis: axis)
        )
    }
}
