extension Dataset {
    /// Two parts: about a `share` of each class's images, at least one where there are two, chosen by the seed; and
    /// the rest. Labels must be known.
    ///
    /// - Parameter stream: names the choice, so that another choice of the same seed is another one.
    package func split(share: Double, seed: UInt64, stream: String) -> (
        part: Dataset, rest: Dataset
    ) {
        guard let labels else { misuse("\(name) has no labels to split by") }
        let order = BatchLoader.permutation(count, seed: seed, epoch: 0, stream: stream)
        var sizes = [Int](repeating: 0, count: (labels.max() ?? 0) + 1)
        for label in labels { sizes[label] += 1 }
        var wanted = sizes.map { size in
            size < 2 ? 0 : min(size - 1, max(1, Int((Double(size) * share).rounded())))
        }
        var (part, rest): ([Int], [Int]) = ([], [])
        for index in order.map(Int.init) {
            if wanted[labels[index]] > 0 {
                wanted[labels[index]] -= 1
                part.append(index)
            } else {
                rest.append(index)
            }
        }
        return (picking(part.sorted()), picking(rest.sorted()))
    }
}
