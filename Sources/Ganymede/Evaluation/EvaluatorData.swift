extension DataSource {
    /// Labelled training and test images: the two splits of a known dataset; of other data, a random seventh of each
    /// class is the test set. Throws if there are no labels or too few images of a class.
    public func loadLabelled(
        size: Int, channels: Int, seed: Int, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> (training: Dataset, test: Dataset) {
        if let known, case .images = known.features {
        } else if known != nil {
            throw GanymedeError.invalidOption(
                "\(quoted(name)) needs no evaluator of its own: its samples are evaluated without one, or by mnist's"
            )
        }
        let images = try load(size: size, channels: channels, folders: folders, progress: progress)
        if let test = try test(images.extent, folders: folders) { return (images, test) }
        try images.checkClasses(least: 4)
        let parts = images.split(share: 1.0 / 7, seed: UInt64(seed), stream: "evaluator/test")
        return (parts.rest, parts.part)
    }
}

extension Dataset {
    /// Throws unless there are at least two classes with `least` or more images each.
    func checkClasses(least: Int) throws {
        guard let labels, !labels.isEmpty else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(name)) has no labels, and an evaluator learns to tell classes apart: put the pictures of each "
                    + "class into a sub-folder of its own")
        }
        var sizes = [Int](repeating: 0, count: (labels.max() ?? 0) + 1)
        for label in labels { sizes[label] += 1 }
        let names = namesOfClasses
        let present = sizes.indices.filter { sizes[$0] > 0 }
        guard let last = present.last, last < names.count else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(name)) has labels up to \(present.last ?? 0), and names for \(names.count) classes"
            )
        }
        guard present.count > 1 else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(name)) has one class only (\(names[last])), and an evaluator learns to tell classes apart: "
                    + "there must be two or more")
        }
        if let small = present.first(where: { sizes[$0] < least }) {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(name)) has \(sizes[small]) of the class \(names[small]): an evaluator needs \(least) or "
                    + "more of each, to learn from and to measure")
        }
    }
}
