import CKernels

/// Hands out shuffled batches. Its whole state is the number of finished steps: the order of an epoch
/// is a function of the seed and the epoch, so a resumed run sees the batches it would have seen.
/// A short last batch is dropped.
public struct BatchLoader {
    /// What it reads.
    public let dataset: Dataset
    /// Images in a batch.
    public let batch: Int
    private let pixels: GAN.PixelRange
    private let seed: UInt64
    private var epoch = -1
    private var order: [Int32] = []

    /// A loader; the dataset must hold at least one batch.
    public init(
        _ dataset: Dataset, batch: Int, seed: UInt64, pixels: GAN.PixelRange = .signed
    ) throws {
        guard batch > 0, dataset.count >= batch else {
            throw GanymedeError.world(
                "\(dataset.name) holds \(dataset.count) images, less than a batch of \(batch): lower --batch"
            )
        }
        self.dataset = dataset
        self.batch = batch
        self.seed = seed
        self.pixels = pixels
    }

    /// Whole batches in an epoch.
    public var batchesPerEpoch: Int { dataset.count / batch }

    /// Writes the batch that follows `step` finished steps, scaled to the range of the pixels.
    public mutating func fill(_ target: UnsafeMutableBufferPointer<Float>, step: Int) {
        if step / batchesPerEpoch != epoch {
            epoch = step / batchesPerEpoch
            order = BatchLoader.permutation(dataset.count, seed: seed, epoch: epoch)
        }
        let size = dataset.image.reduce(1, *)
        let first = step % batchesPerEpoch * batch
        let (scale, offset) = self.pixels.scaling
        dataset.pixels.withUnsafeBufferPointer { pixels in
            for slot in 0..<batch {
                let source = Int(order[first + slot]) * size
                let place = slot * size
                for pixel in 0..<size {
                    target[place + pixel] = Float(pixels[source + pixel]) * scale + offset
                }
            }
        }
    }

    /// Fisher and Yates's shuffle of 0..<count with Philox's numbers of a stream.
    static func permutation(
        _ count: Int, seed: UInt64, epoch: Int, stream: String = "shuffle"
    ) -> [Int32] {
        let key = RandomKey(seed: seed, step: UInt64(epoch)).words
        let stream = Random.number(ofStream: stream)
        var order = (0..<Int32(count)).map { $0 }
        var words = [UInt32](repeating: 0, count: 4)
        for index in stride(from: count - 1, to: 0, by: -1) {
            let draw = count - 1 - index
            if draw % 4 == 0 { gk_philox(key, stream, UInt32(draw / 4), &words) }
            // 32 random bits times the range: biased by less than 2^-32 a place.
            let chosen = Int((UInt64(words[draw % 4]) * UInt64(index + 1)) >> 32)
            order.swapAt(index, chosen)
        }
        return order
    }
}

extension GAN.PixelRange {
    /// number = byte * scale + offset.
    var scaling: (scale: Float, offset: Float) {
        switch self {
        case .signed: (1 / 127.5, -1)
        case .unit: (1 / 255, 0)
        }
    }
}
