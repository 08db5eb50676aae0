/// A random change of every image that the discriminator sees, real and generated, through which gradients flow to the
/// generator (Zhao et al., "Differentiable augmentation for data-efficient GAN training", 2020). It keeps a
/// discriminator from memorizing few images.
public enum ImageAugmentation: String, Codable, Sendable, CaseIterable {
    /// A shift by up to an eighth of the side along each axis; black comes in at the edge.
    case translation
    /// A square of half the side, at a random place, becomes black.
    case cutout
    /// The distance from the image's mean is multiplied by 0.5 to 1.5, and the whole changed by up to a quarter of the
    /// range.
    case contrast

    /// Changed images [N, H, W, C]; `black` is the lowest value of their range.
    package func apply(_ images: Tensor, black: Double, range: Double, random: (Shape) -> Tensor)
        -> Tensor
    {
        switch self {
        case .translation:
            let (rows, columns) = (
                ImageAugmentation.offsets(images, axis: 1, random: random),
                ImageAugmentation.offsets(images, axis: 2, random: random)
            )
            return (images - black).shifted(rows: rows, columns: columns) + black
        case .cutout:
            let hole =
                ImageAugmentation.stripe(images, axis: 1, random: random)
                * ImageAugmentation.stripe(images, axis: 2, random: random)
            return (images - black) * (1 - hole) + black
        case .contrast:
            let each: Shape = [images.shape[0], 1, 1, 1]
            let mean = images.mean(axes: [1, 2, 3]).reshape(each)
            let factor = random(each) + 0.5
            let offset = (random(each) - 0.5) * (range / 2)
            return (images - mean) * factor + mean + offset
        }
    }

    /// A whole number of pixels for each image, each as likely as the others, [N, 1, 1, 1].
    private static func offsets(_ images: Tensor, axis: Int, random: (Shape) -> Tensor) -> Tensor {
        let reach = max(images.shape[axis] / 8, 1)
        let draw = random([images.shape[0], 1, 1, 1])
        return (1...2 * reach).reduce(images.builder.constant(Double(-reach))) { sum, index in
            sum + (draw .>= Double(index) / Double(2 * reach + 1)).cast(.float32)
        }
    }

    /// 1 for the rows (or columns) of a random stripe as wide as half the side, else 0: [N, H, 1, 1] or [N, 1, W, 1].
    private static func stripe(_ images: Tensor, axis: Int, random: (Shape) -> Tensor) -> Tensor {
        let size = images.shape[axis]
        var place: [Int] = [1, 1, 1, 1]
        place[axis] = size
        let places = images.builder.constant(Shape(place), (0..<size).map { Double($0) + 0.5 })
        let middle = random([images.shape[0], 1, 1, 1]) * Double(size)
        let quarter = images.builder.constant(Double(size) / 4)
        return (quarter - (places - middle).absolute() .> 0).cast(.float32)
    }
}
