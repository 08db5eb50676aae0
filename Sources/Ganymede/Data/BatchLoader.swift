import CKernels

/// Shuffled batches of a dataset. The order of an epoch depends on the seed and the epoch alone, so the loader's only
/// state is the step, and a resumed run sees the batches that it would have seen. The last, incomplete batch is
/// dropped.
public struct BatchLoader {
    /// The samples.
    public let dataset: Dataset
    /// Images in a batch.
    public let batch: Int
    /// The samples of a batch that are written: all, or those of one rank.
    private let rows: Range<Int>
    private let pixels: PixelRange
    private let augmentation: Augmentation?
    private let seed: UInt64
    private var epoch = -1
    private var order: [Int32] = []

    /// A loader; the dataset must hold at least one batch.
    ///
    /// - Parameters:
    ///   - dataset: the samples.
    ///   - batch: samples in a batch.
    ///   - seed: random seed, not negative.
    ///   - pixels: the range of the images' values.
    ///   - augmentation: applied to each image each time it is read; nil for none. Not for stacks or points.
    public init(
        _ dataset: Dataset, batch: Int, seed: UInt64, pixels: PixelRange = .signed,
        augmentation: Augmentation? = nil
    ) throws {
        try self.init(
            dataset, batch: batch, rows: 0..<batch, seed: seed, pixels: pixels,
            augmentation: augmentation)
    }

    /// A loader of some samples of each batch.
    init(
        _ dataset: Dataset, batch: Int, rows: Range<Int>, seed: UInt64, pixels: PixelRange,
        augmentation: Augmentation? = nil
    ) throws {
        guard batch > 0, dataset.count >= batch else {
            throw GanymedeError.tooFewSamples(
                "\(dataset.name) holds \(dataset.count) \(dataset.image == nil ? "points" : "images"), less than a batch of \(batch)\(advice: ": lower \(option: "batch")")"
            )
        }
        if augmentation != nil, dataset.image == nil || dataset.stacks != nil {
            misuse("\(dataset.name) holds no images that could be changed at random")
        }
        self.dataset = dataset
        self.batch = batch
        self.rows = rows
        self.seed = seed
        self.pixels = pixels
        self.augmentation = augmentation
    }

    /// Whole batches in an epoch.
    public var batchesPerEpoch: Int { dataset.count / batch }

    /// Writes the batch that follows `step` finished ones.
    ///
    /// - Parameters:
    ///   - target: gets the samples, images scaled to the range of `pixels`.
    ///   - labels: gets the class numbers, as the bits of 32-bit integers; nil if not needed. The dataset must have
    ///     labels.
    ///   - step: batches that were read before.
    public mutating func fill(
        _ target: UnsafeMutableBufferPointer<Float>,
        labels: UnsafeMutableBufferPointer<Float>? = nil, step: Int
    ) {
        if step / batchesPerEpoch != epoch {
            epoch = step / batchesPerEpoch
            order = BatchLoader.permutation(dataset.count, seed: seed, epoch: epoch)
        }
        let first = step % batchesPerEpoch * batch
        let size = target.count / rows.count
        if let labels, let known = dataset.labels {
            for slot in rows {
                let label = known[Int(order[first + slot])]
                labels[slot - rows.lowerBound] = Float(
                    bitPattern: UInt32(truncatingIfNeeded: label))
            }
        }
        guard var place = target.baseAddress else { return }
        for slot in rows {
            let index = Int(order[first + slot])
            if let augmentation {
                let key = RandomKey(seed: seed, step: UInt64(step) + 1)
                write(index, changedBy: augmentation, key, slot, to: place)
            } else {
                write(index, to: place)
            }
            place += size
        }
    }

    /// Writes the first samples in the order of the dataset.
    func fillInOrder(_ target: UnsafeMutableBufferPointer<Float>) {
        guard let start = target.baseAddress else { return }
        let size = target.count / batch
        for slot in 0..<batch { write(slot, to: start + slot * size) }
    }

    /// Writes an augmented copy of one image.
    private func write(
        _ index: Int, changedBy augmentation: Augmentation, _ key: RandomKey, _ slot: Int,
        to target: UnsafeMutablePointer<Float>
    ) {
        guard case .images(let bytes, let size) = dataset.samples else { return }
        bytes.withUnsafeBufferPointer { bytes in
            guard let source = bytes.baseAddress else { return }
            augmentation.write(
                source + index * size.count, size, to: target, pixels: pixels, key: key,
                place: slot)
        }
    }

    /// Writes one sample.
    private func write(_ index: Int, to target: UnsafeMutablePointer<Float>) {
        switch dataset.samples {
        case .points(let coordinates):
            for axis in 0..<2 { target[axis] = coordinates[index * 2 + axis] }
        case .stacks(let greys, let indices, let size):
            for channel in 0..<size.channels {
                let grey = Int(indices[index * size.channels + channel])
                write(greys, grey, size.area, to: target + channel, every: size.channels)
            }
        case .images(let bytes, let size): write(bytes, index, size.count, to: target, every: 1)
        }
    }

    /// Writes the image `index` among those of `size` bytes.
    @inline(__always)
    private func write(
        _ bytes: [UInt8], _ index: Int, _ size: Int, to target: UnsafeMutablePointer<Float>,
        every stride: Int
    ) {
        let (scale, offset) = pixels.scaling
        bytes.withUnsafeBufferPointer { bytes in
            for pixel in 0..<size {
                target[pixel * stride] = Float(bytes[index * size + pixel]) * scale + offset
            }
        }
    }

    /// Fisher-Yates shuffle of 0..<count with random bits from a Philox stream.
    package static func permutation(
        _ count: Int, seed: UInt64, epoch: Int, stream: String = "shuffle"
    ) -> [Int32] {
        let key = RandomKey(seed: seed, step: UInt64(epoch)).words
        let stream = Random.number(ofStream: stream)
        var order = (0..<Int32(count)).map { $0 }
        var words = [UInt32](repeating: 0, count: 4)
        for index in stride(from: count - 1, to: 0, by: -1) {
            let draw = count - 1 - index
            if draw % 4 == 0 { gk_philox(key, stream, UInt32(draw / 4), &words) }
            order.swapAt(index, words[draw % 4].scaled(below: index + 1))
        }
        return order
    }
}

extension UInt32 {
    /// Maps random bits to 0..<count. The bias of each value is less than 2^-32.
    func scaled(below count: Int) -> Int { Int((UInt64(self) * UInt64(count)) >> 32) }
}
