/// For points: the number of Gaussians that have a point of high quality, the share of such points, and the divergence
/// of the Gaussians' shares from equal ones, in nats. See ``MixtureModes``.
public enum MixtureCoverage: Metric {
    public static let names = ["modes", "high_quality", "mode_kl_uniform"]
    public static let about = [
        "Gaussians that have a point within 3 sigma",
        "share of points within 3 sigma of a Gaussian",
        "KL divergence of the Gaussians' shares from equal ones, in nats",
    ]
    public static let minimumSamples = 100

    public static func figures(_ input: MetricInput) throws -> [Double] {
        guard let mixture = input.mixture else {
            throw GanymedeError.metricUndefined("\(names[1]) is of points, and these are images")
        }
        let centres = Matrix(
            rows: mixture.centres.count, columns: 2,
            values: mixture.centres.flatMap { [Float($0.x), Float($0.y)] })
        let modes = try MixtureModes(
            input.generated.features, centres: centres, deviation: mixture.sigma)
        return [Double(modes.hit), modes.highQualityShare, modes.histogram.divergenceFromUniform]
    }
}
