/// The Fréchet Inception Distance of Heusel et al., "GANs trained by a two time-scale update rule" (2017), with the
/// evaluator's features: the squared Wasserstein-2 distance |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)) between two
/// Gaussians with the images' means and covariances (N - 1). Equal to torch-fidelity with SciPy's `sqrtm`, up to
/// rounding.
///
/// It falls with N even for perfect images (``whitenedBias(dimensions:samples:_:)``): compare it only at one N, and
/// with its real-versus-real figure. Covariances may be singular. Features that are always 0 add nothing. If all
/// generated images are the same image x, the distance is |x - m|^2 + Tr(S) with the real images' mean m and covariance
/// S. It throws unless there are more images than features, because the covariances would mean nothing.
public enum FrechetDistance: Metric {
    public static let names = ["fid"]
    public static let about = ["Fréchet distance of the features: lower is better"]
    public static let minimumSamples = 100
    /// Below this number of samples figures are rough.
    static let advisedSamples = 1000

    public static func figures(_ input: MetricInput) throws -> [Double] {
        [try between(input.generated.features, input.training.features)]
    }

    /// The distance between the rows of two matrices. Throws unless both have more rows than columns.
    package static func between(_ a: Matrix, _ b: Matrix) throws -> Double {
        let count = min(a.rows, b.rows)
        guard count > a.columns else {
            throw GanymedeError.tooFewSamples(
                "fid of \(count) images would mean nothing with \(a.columns) features: take more images than features, best 10000\(advice: " (\(option: "samples"))")"
            )
        }
        let (a, b) = (Gaussian(a), Gaussian(b))
        let means = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let traces = a.covariance.trace + b.covariance.trace
        let root = traceOfRoot(a.covariance, b.covariance)
        // Rounding may make it slightly negative.
        return max(means + traces - 2 * root, 0)
    }

    /// Tr((S1 S2)^(1/2)) from the eigenvalues of R S2 R', R' R = S1, which are those of S1^(1/2) S2 S1^(1/2).
    private static func traceOfRoot(_ a: SquareMatrix, _ b: SquareMatrix) -> Double {
        var root = a
        // Each row is now a unit eigenvector times its eigenvalue; R needs the eigenvalue's root.
        let eigenvalues = root.orthogonalizeRows()
        root.scaleRows(eigenvalues.map { $0 > 0 ? 1 / $0.squareRoot() : 0 })
        var product = root.times(transposed: b).times(transposed: root)
        return product.orthogonalizeRows().reduce(0) { $0 + $1.squareRoot() }
    }

    /// The expected distance, to first order, between N1 and N2 samples of one Gaussian with D independent dimensions
    /// of variance 1: (D + D (D + 1) / 4) (1 / N1 + 1 / N2). The means add D (1 / N1 + 1 / N2), the covariances
    /// |S1 - S2|^2 / 4.
    public static func whitenedBias(dimensions: Int, samples n1: Int, _ n2: Int) -> Double {
        let d = Double(dimensions)
        return (d + d * (d + 1) / 4) * (1 / Double(n1) + 1 / Double(n2))
    }
}

/// The mean and the covariance of rows, in double precision.
private struct Gaussian {
    let mean: [Double]
    let covariance: SquareMatrix

    init(_ matrix: Matrix) {
        mean = matrix.columnMeans
        covariance = SquareMatrix(covarianceOf: matrix, mean: mean)
    }
}
