import CKernels

/// A mixture of equally likely isotropic Gaussians in the plane: toy data that shows mode collapse.
public struct GaussianMixture: Sendable {
    /// What `--data` takes.
    public let name: String
    /// A short description.
    public let about: String
    /// The mean of each Gaussian.
    public let centres: [SIMD2<Double>]
    /// The standard deviation of each Gaussian along each axis.
    public let sigma: Double

    /// All of them.
    public static let all = [ring8, grid25]

    /// Eight on a circle of radius 2, numbered counterclockwise from the right (Metz et al., 2017, arXiv:1611.02163).
    public static let ring8 = GaussianMixture(
        name: "ring8", about: "points of eight Gaussians on a circle",
        centres: (0..<8).map { index in
            let angle = Double(index) * .pi / 4
            return 2 * SIMD2(LibM.cos(angle), LibM.sin(angle))
        }, sigma: 0.02)

    /// A 5x5 grid with spacing 2, numbered row by row from the lower left (Lin et al., 2018, arXiv:1712.04086).
    public static let grid25 = GaussianMixture(
        name: "grid25", about: "points of 25 Gaussians on a grid",
        centres: (0..<25).map { 2 * SIMD2<Double>(SIMD2($0 % 5, $0 / 5)) - 4 },
        sigma: 0.05)

    /// Draws points [count, 2] and the index of each one's Gaussian. A point depends on the seed and its index alone:
    /// word 0 of its Philox block chooses the Gaussian, words 1 and 2 give the offset by the Box-Muller transform.
    ///
    /// - Parameters:
    ///   - count: up to 2^32. The training split has seed 0, the test split seed 1.
    ///   - seed: random seed, not negative.
    public func draw(_ count: Int, seed: UInt64) -> (points: [Float], modes: [Int]) {
        if count < 0 || count > 1 << 32 { misuse("\(count) points of \(name)") }
        let key = RandomKey(seed: seed, step: 0).words
        let stream = Random.number(ofStream: name)
        var words = [UInt32](repeating: 0, count: 4)
        var points: [Float] = []
        var modes: [Int] = []
        points.reserveCapacity(2 * count)
        modes.reserveCapacity(count)
        for index in 0..<count {
            gk_philox(key, stream, UInt32(index), &words)
            let mode = words[0].scaled(below: centres.count)
            // The argument of the logarithm is in (0, 1].
            let radius = sigma * (-2 * LibM.log((Double(words[1]) + 1) * 0x1p-32)).squareRoot()
            let angle = 2 * Double.pi * Double(words[2]) * 0x1p-32
            let point = centres[mode] + radius * SIMD2(LibM.cos(angle), LibM.sin(angle))
            points += [Float(point.x), Float(point.y)]
            modes.append(mode)
        }
        return (points, modes)
    }
}

extension NamedDataset {
    /// 100,000 training points and 10,000 test points.
    init(_ mixture: GaussianMixture) {
        self.init(
            name: mixture.name, about: mixture.about, extent: .point, count: 100_000,
            classNames: mixture.centres.map { "(\(fixed($0.x, 2)), \(fixed($0.y, 2)))" },
            features: .mixture(mixture)
        ) { dataset, split, _ in
            let drawn =
                split == .training
                ? mixture.draw(dataset.count, seed: 0) : mixture.draw(10_000, seed: 1)
            return Dataset(
                name: mixture.name, points: drawn.points, labels: drawn.modes,
                classNames: dataset.classNames)
        }
    }
}
