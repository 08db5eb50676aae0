/// Images without labels teach an evaluator by a task that needs none: some images are a class each, and it learns to tell
/// by a changed copy which of them it was (Dosovitskiy et al., "Discriminative unsupervised feature learning with
/// convolutional neural networks", 2014). What tells images apart, such as shapes, strokes and colours, helps to compare
/// others as well. See `docs/decisions/0020-pictures-without-labels.md` for what it can and cannot do.
enum Exemplars {
    /// The largest number of images that are a class each, as of labels; a random choice of more.
    private static let most = 256
    /// The number of copies in all, and the largest of one image.
    private static let (copies, copiesOfOne) = (50_000, 400)
    /// The most memory for all copies: 50,000 of 64x64 in colour.
    private static let bytes = 614_400_000
    /// How far copies are moved, turned and resized.
    private static let changes = Augmentation(shift: 3, rotation: 12, zoom: 0.2)

    /// Changed copies of some images, labelled by the image: for training, and a tenth as many for the test.
    static func of(_ dataset: Dataset, seed: Int) throws -> (training: Dataset, test: Dataset) {
        guard let image = dataset.image else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(dataset.name)) holds \(dataset.extent), and an evaluator learns from images"
            )
        }
        let least = 40
        guard dataset.count >= least else {
            throw GanymedeError.tooFewSamples(
                "\(quoted(dataset.name)) holds \(dataset.count) images, and an evaluator without labels learns from \(least) at least"
            )
        }
        let chosen = dataset.shuffled(seed: seed).prefix(most).map { dataset.pixels(of: $0) }
        let count = min(min(copies, bytes / image.count) / chosen.count, copiesOfOne)
        func make(_ steps: Range<Int>) -> Dataset {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(steps.count * chosen.count * image.count)
            for step in steps {
                let key = RandomKey(seed: UInt64(seed), step: UInt64(step))
                for (place, original) in chosen.enumerated() {
                    pixels += changed(original, image, key, place)
                }
            }
            return Dataset(
                name: dataset.name, image: image, pixels: pixels,
                labels: steps.flatMap { _ in chosen.indices },
                classNames: chosen.indices.map { "image \($0)" })
        }
        return (make(0..<count), make(count..<count + max(count / 10, 3)))
    }

    private static func changed(
        _ pixels: [UInt8], _ image: ImageSize, _ key: RandomKey, _ place: Int
    ) -> [UInt8] {
        let values = [Float](unsafeUninitializedCapacity: image.count) { target, count in
            count = image.count
            pixels.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                changes.write(from, image, to: to, pixels: .unit, key: key, place: place)
            }
        }
        return Raster.bytes(values, .unit)
    }
}

extension DataSource {
    /// Training and test images for an evaluator without labels: see ``Evaluator/Supervision/exemplars``.
    public func loadExemplars(
        size: Int, channels: Int, seed: Int, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> (training: Dataset, test: Dataset) {
        try Exemplars.of(
            load(size: size, channels: channels, folders: folders, progress: progress), seed: seed)
    }

    /// Whether an evaluator can learn from labels: there are two classes or more.
    public func hasClasses() throws -> Bool { try classNames() != nil }
}
