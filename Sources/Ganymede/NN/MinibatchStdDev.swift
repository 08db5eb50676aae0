/// Appends one channel with the diversity of the sample's group: the standard deviation of each value over `groupSize`
/// samples of the batch, averaged over all values (Karras et al., "Progressive growing of GANs", 2018). It shows a
/// discriminator that a generator repeats itself.
public struct MinibatchStdDev: Layer {
    public static let kind = "minibatch_std_dev"
    public static var defaults: MinibatchStdDev? { MinibatchStdDev() }
    /// Samples in a group. If it does not divide the batch, the next smaller number that does, or the whole batch.
    public let groupSize: Int

    /// A channel for groups of `groupSize` samples.
    public init(groupSize: Int = 4) { self.groupSize = groupSize }

    public func fault(forSample shape: [Int]) -> String? {
        if shape.isEmpty { return "it takes at least one axis of channels" }
        return groupSize >= 2 ? nil : "its groups have at least 2 samples, and not \(groupSize)"
    }

    public func apply(_ x: Tensor, _ context: LayerContext) -> Tensor {
        let batch = x.shape[0]
        let size = (2...max(min(groupSize, batch), 2)).last { batch % $0 == 0 } ?? batch
        let (groups, values) = (batch / size, x.shape.count / batch)
        // Sample i is in group i % groups, so that neighbours are in different groups.
        let grouped = x.reshape([size, groups, values])
        let centered = grouped - grouped.mean(axes: [0]).reshape([1, groups, values])
        let deviation = ((centered * centered).mean(axes: [0]) + 1e-8).sqrt()
        let axis = x.shape.rank - 1
        let ones = x.shape.dimensions[1..<axis].map { _ in 1 }
        let plane = deviation.mean(axes: [1]).reshape([1, groups])
            .broadcast(to: [size, groups]).reshape(Shape([batch] + ones + [1]))
            .broadcast(to: Shape(x.shape.dimensions.dropLast() + [1]))
        return concatenate([x, plane], axis: axis)
    }
}
