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
        let type = TensorType([count, a.columns])
        let builder = GraphBuilder()
        let (x, y) = (builder.feed("x", type), builder.feed("y", type))
        let base = x.matmul(y, transposeB: true) * (1 / Double(a.columns)) + 1
        builder.result("kernel", base * base * base)
        return try EngineThread.run {
            let program = try Program(builder.graph, store: StateStore())
            func sums(_ x: [Float], _ y: [Float]) -> (all: Double, diagonal: Double) {
                program.setFeed("x", x)
                program.setFeed("y", y)
                program.run()
                return program.sum("kernel")
            }
            let own = known.values("kid") {
                subsets.flatMap { subset in
                    let y = b.picking(subset.b).values
                    let yy = sums(y, y)
                    return [yy.all, yy.diagonal]
                }
            }
            return subsets.enumerated().map { index, subset in
                let (x, y) = (a.picking(subset.a).values, b.picking(subset.b).values)
                let (xx, xy) = (sums(x, x), sums(x, y))
                let yy = (all: own[2 * index], diagonal: own[2 * index + 1])
                let (n, pairs) = (Double(count), Double(count * (count - 1)))
                return (xx.all - xx.diagonal + yy.all - yy.diagonal) / pairs - 2 * xy.all / (n * n)
            }
        }
    }
}

extension Program {
    /// The sums of a square matrix and of its diagonal, in double precision because their differences are small.
    fileprivate func sum(_ name: String) -> (all: Double, diagonal: Double) {
        withResult(name) { matrix in
            let side = Int(Double(matrix.count).squareRoot().rounded())
            var sums = SIMD8<Double>.zero
            var index = 0
            while index + 8 <= matrix.count {
                for lane in 0..<8 { sums[lane] += Double(matrix[index + lane]) }
                index += 8
            }
            var all = sums.sum()
            while index < matrix.count {
                all += Double(matrix[index])
                index += 1
            }
            let diagonal = (0..<side).reduce(0.0) { $0 + Double(matrix[$1 * (side + 1)]) }
            return (all, diagonal)
        }
    }
}
