/// The Kernel Inception Distance of Bińkowski et al., "Demystifying MMD GANs" (2018), with the evaluator's features:
/// the unbiased estimate of the squared maximum mean discrepancy under k(x, y) = (x.y / D + 1)^3. As in torch-fidelity.
///
/// - `kid`: its mean over 100 random subsets of 1000 images of each kind, or of half the images if that is fewer. For
///   perfect images its expectation is 0 at any N, so that it can be slightly negative.
/// - `kid_spread`: the standard deviation over the subsets, which overlap if there are few images.
public enum KernelDistance: Metric {
    public static let names = ["kid", "kid_spread"]
    public static let about = [
        "kernel distance of the features: lower is better", "between its subsets",
    ]
    public static let minimumSamples = 100
    static let subsets = 100
    static let subsetSize = 1000

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let count = input.generated.count
        let size = min(subsetSize, count / 2)
        let chosen = (0..<subsets).map { subset in
            ["kid/generated", "kid/training"].map { stream in
                BatchLoader.permutation(count, seed: input.seed, epoch: subset, stream: stream)
                    .prefix(size).map(Int.init)
            }
        }
        let distances = try between(
            input.generated.features, input.training.features,
            subsets: chosen.map { (a: $0[0], b: $0[1]) }, known: input.known)
        let mean = distances.reduce(0, +) / Double(subsets)
        let squares = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return [mean, (squares / Double(subsets)).squareRoot()]
    }

    /// The unbiased estimate for each pair of subsets, which are lists of equally many row indices of `a` and of `b`.
    ///
    /// - Parameter known: of `b` and its subsets.
    package static func between(
        _ a: Matrix, _ b: Matrix, subsets: [(a: [Int], b: [Int])],
        known: RealFigures = RealFigures()
    ) throws -> [Double] {
        guard let count = subsets.first?.a.count, count > 1 else { return [] }
        let (n, pairs) = (Double(count), Double(count * (count - 1)))
        let (rowsOfA, rowsOfB) = (subsets.map(\.a), subsets.map(\.b))
        let overlap = SubsetRows.overlap(a, rowsOfA) && SubsetRows.overlap(b, rowsOfB)
        let ofA = SubsetRows(a, rowsOfA, overlap: overlap)
        let ofB = SubsetRows(b, rowsOfB, overlap: overlap)
        return try EngineThread.run {
            let sums = try KernelSums(ofA, ofB)
            let own = known.values("kid") { sums.overOtherPairs(of: ofB) }
            return zip(zip(sums.overOtherPairs(of: ofA), own), sums.overPairs(of: ofA, ofB)).map {
                ($0.0 + $0.1) / pairs - 2 * $1 / (n * n)
            }
        }
    }
}
