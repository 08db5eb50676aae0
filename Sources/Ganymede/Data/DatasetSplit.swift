extension Dataset {
    /// A stratified random split. `part` gets about the fraction `share` of each class, at least one of a class with
    /// two or more. Needs labels.
    ///
    /// - Parameter stream: names the random stream, so that different splits with the same seed are independent.
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
