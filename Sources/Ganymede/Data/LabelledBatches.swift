/// Hands out shuffled batches of changed pictures with their classes: a function of the seed and the number of
/// finished steps. A short last batch is dropped.
struct LabelledBatches {
    let dataset: Dataset
    let classes: Int
    let batch: Int
    let seed: UInt64
    let augmentation: Augmentation
    private let labels: [Int]
    private var epoch = -1
    private var order: [Int32] = []

    /// Batches of a dataset that has labels below `classes` and holds at least one batch.
    init(
        _ dataset: Dataset, classes: Int, batch: Int, seed: UInt64, augmentation: Augmentation
    ) {
        guard let labels = dataset.labels, batch > 0, batch <= dataset.count,
            labels.allSatisfy({ $0 < classes })
        else {
            misuse("\(dataset.name) holds no batch of \(batch) images with labels below \(classes)")
        }
        self.dataset = dataset
        self.labels = labels
        self.classes = classes
        self.batch = batch
        self.seed = seed
        self.augmentation = augmentation
    }

    var batchesPerEpoch: Int { dataset.count / batch }

    /// Writes the batch that follows `step` finished steps: pictures from -1 to 1, and a row for each with 1 at its
    /// class.
    mutating func fill(
        _ images: UnsafeMutableBufferPointer<Float>, _ classes: UnsafeMutableBufferPointer<Float>,
        step: Int
    ) {
        if step / batchesPerEpoch != epoch {
            epoch = step / batchesPerEpoch
            order = BatchLoader.permutation(dataset.count, seed: seed, epoch: epoch)
        }
        let first = step % batchesPerEpoch * batch
        let size = dataset.image.reduce(1, *)
        let key = RandomKey(seed: seed, step: UInt64(step) + 1)
        classes.update(repeating: 0)
        dataset.pixels.withUnsafeBufferPointer { pixels in
            guard let source = pixels.baseAddress, let target = images.baseAddress else { return }
            for slot in 0..<batch {
                let index = Int(order[first + slot])
                augmentation.write(
                    source + index * size, dataset.image, to: target + slot * size,
                    pixels: .signed, key: key, place: slot)
                classes[slot * self.classes + Int(labels[index])] = 1
            }
        }
    }
}
