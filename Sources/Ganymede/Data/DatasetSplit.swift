extension Dataset {
    /// The chosen images, in that order.
    package func picking(_ chosen: [Int]) -> Dataset {
        let size = image.reduce(1, *)
        var picked: [UInt8] = []
        picked.reserveCapacity(chosen.count * size)
        for index in chosen { picked += pixels[index * size..<(index + 1) * size] }
        return Dataset(
            name: name, image: image, pixels: picked,
            labels: labels.map { labels in chosen.map { labels[$0] } }, classNames: classNames)
    }

    /// Two parts: about a `share` of each class's images, at least one where there are two, chosen by the seed; and
    /// the rest. Labels must be known.
    ///
    /// - Parameter stream: names the choice, so that another choice of the same seed is another one.
    package func split(share: Double, seed: UInt64, stream: String) -> (
        part: Dataset, rest: Dataset
    ) {
        guard let labels else { misuse("\(name) has no labels to split by") }
        let order = BatchLoader.permutation(count, seed: seed, epoch: 0, stream: stream)
        var sizes = [Int](repeating: 0, count: 256)
        for label in labels { sizes[Int(label)] += 1 }
        var wanted = sizes.map { size in
            size < 2 ? 0 : max(1, Int((Double(size) * share).rounded()))
        }
        var (part, rest): ([Int], [Int]) = ([], [])
        for index in order.map(Int.init) {
            if wanted[Int(labels[index])] > 0 {
                wanted[Int(labels[index])] -= 1
                part.append(index)
            } else {
                rest.append(index)
            }
        }
        return (picking(part.sorted()), picking(rest.sorted()))
    }
}
