/// Images without labels teach an evaluator by a task that needs none: to tell by how many quarter turns an image was
/// rotated (Gidaris, Singh and Komodakis, "Unsupervised representation learning by predicting image rotations", 2018).
/// What helps there, shapes and their parts, helps to compare images as well. See
/// `docs/decisions/0020-pictures-without-labels.md` for what it can and cannot do.
enum Rotations {
    static let classNames = ["0°", "90°", "180°", "270°"]
    /// The largest number of images that are rotated; a random choice of more.
    private static let limit = 15_000

    /// Every image, or a choice of them, in each of the four rotations, labelled by its rotation. Images are square.
    static func of(_ dataset: Dataset, seed: Int) throws -> Dataset {
        guard let image = dataset.image, image.height == image.width else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(dataset.name)) holds \(dataset.extent), and an evaluator without labels learns from square images"
            )
        }
        let order = dataset.shuffled(seed: seed).prefix(limit)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(order.count * 4 * image.count)
        var labels: [Int] = []
        for index in order {
            var turned = dataset.pixels(of: index)
            for turn in 0..<4 {
                pixels += turned
                labels.append(turn)
                turned = quarterTurn(turned, image)
            }
        }
        return Dataset(
            name: dataset.name, image: image, pixels: pixels, labels: labels,
            classNames: classNames)
    }

    /// A square image rotated by 90 degrees counterclockwise.
    static func quarterTurn(_ pixels: [UInt8], _ image: ImageSize) -> [UInt8] {
        let (side, channels) = (image.width, image.channels)
        var turned = pixels
        for row in 0..<side {
            for column in 0..<side {
                let from = (column * side + side - 1 - row) * channels
                let to = (row * side + column) * channels
                for channel in 0..<channels { turned[to + channel] = pixels[from + channel] }
            }
        }
        return turned
    }
}

extension DataSource {
    /// Training and test images for an evaluator without labels, each in four rotations: the splits of the data, or a
    /// random seventh as the test set.
    public func loadRotated(
        size: Int, channels: Int, seed: Int, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> (training: Dataset, test: Dataset) {
        let images = try load(size: size, channels: channels, folders: folders, progress: progress)
        let least = 40
        guard images.count >= least else {
            throw GanymedeError.tooFewSamples(
                "\(quoted(name)) holds \(images.count) images, and an evaluator without labels learns from \(least) at least"
            )
        }
        if let test = try test(images.extent, folders: folders) {
            return (try Rotations.of(images, seed: seed), try Rotations.of(test, seed: seed))
        }
        let order = images.shuffled(seed: seed)
        let held = images.count / 7
        return (
            try Rotations.of(images.picking(Array(order.dropFirst(held))), seed: seed),
            try Rotations.of(images.picking(Array(order.prefix(held))), seed: seed)
        )
    }

    /// Whether an evaluator can learn from labels: there are two classes or more.
    public func hasClasses() throws -> Bool { try classNames() != nil }
}
