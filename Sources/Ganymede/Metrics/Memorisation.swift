/// Whether generated images are copies of training images. The nearest neighbours of each are found among equally many
/// training and test images, in the evaluator's feature space, after Meehan et al., "A non-parametric test to detect
/// data-copying in generative models" (2020).
///
/// - `memorisation`: the share of generated images that lie nearer to a training image than to any test image, ties
///   counting half. 0.5 is no copying, 1 all copies.
/// - `memorisation_ratio`: the mean distance to the nearest training image divided by that to the nearest test image. 1
///   is no copying, 0 exact copies.
/// - `memorisation_error`: the standard deviation of the share over random draws of the real images, about 0.5 /
///   sqrt(D). D is the effective number of different neighbours. Samples that are alike have few neighbours, and are
///   all nearer to the same kind, however many samples there are.
/// The training images are a random part of the split, and only copies of that part are detected. If it is a sixth of
/// the split, a generator that only copies has 1/6 + 5/6 x 0.5 = 0.58.
public enum Memorisation: Metric {
    public static let names = ["memorisation", "memorisation_ratio", "memorisation_error"]
    public static let about = [
        "share nearer to a training than to any test sample: 0.5 is no copying",
        "distance to training samples / to test samples: 1 is no copying",
        "standard error of memorisation",
    ]
    public static let minimumSamples = 100
    /// A test image in place of a generated one would be its own nearest neighbour.
    public static let comparesSplits = true
    /// With fewer neighbours the share means nothing: one repeated image gives only 0 or 1.
    private static let leastNeighbours = 30.0

    /// 1 / the probability that two samples have the same nearest neighbour (Simpson, "Measurement of diversity",
    /// 1949): the number of equally frequent neighbours that has the same probability.
    private static func effectiveNumber(_ neighbours: [Int]) -> Double {
        let counts = neighbours.reduce(into: [Int: Double]()) { $0[$1, default: 0] += 1 }
        let total = Double(neighbours.count)
        return total * total / counts.values.reduce(0) { $0 + $1 * $1 }
    }

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let generated = input.generated.features
        let training = try NearestNeighbours(
            of: generated, among: input.training.features, count: 1)
        let test = try NearestNeighbours(of: generated, among: input.test.features, count: 1)
        let neighbours = effectiveNumber(training.indices)
        guard neighbours >= leastNeighbours else {
            throw GanymedeError.metricUndefined(
                "memorisation: the \(grouped(generated.rows)) samples have about \(fixed(neighbours, 0)) different nearest "
                    + "training samples; from fewer than \(fixed(leastNeighbours, 0)) it would be chance"
            )
        }
        let images = 0..<generated.rows
        let testDistance = images.reduce(0) { $0 + test.distance($1) }
        guard testDistance > 0 else {
            throw GanymedeError.metricUndefined(
                "every generated sample is a test sample: memorisation is for what a generator made"
            )
        }
        let nearer = images.reduce(0) { sum, image in
            let (a, b) = (training.squaredDistances[image], test.squaredDistances[image])
            return sum + (a < b ? 1 : a == b ? 0.5 : 0)
        }
        return [
            nearer / Double(generated.rows),
            images.reduce(0) { $0 + training.distance($1) } / testDistance,
            0.5 / neighbours.squareRoot(),
        ]
    }
}
