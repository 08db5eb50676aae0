/// Whether generated images are copies of training images. For each, its nearest neighbour among equally many training
/// and test images is looked up in the evaluator's features, after Meehan et al., "A non-parametric test to detect
/// data-copying in generative models" (2020).
///
/// - `memorisation`: the share of generated images that lie nearer to a training image than to any test image, ties
///   counting half. 0.5 is no copying, 1 all copies; of N independent images its standard deviation is 0.5 to 1 by
///   sqrt(N).
/// - `memorisation_ratio`: the mean distance to the nearest training image by that to the nearest test image. 1 is no
///   copying, 0 exact copies.
///
/// The training images are a random part of the split, and only copies of these are seen: where they are a sixth of
/// the split, a generator that only copies has 1/6 + 5/6 x 0.5 = 0.58.
public enum Memorisation: Metric {
    public static let names = ["memorisation", "memorisation_ratio"]
    public static let about = ["share nearer to a training than to any test sample: 0.5 is no copying", "distance to training by that to test samples: 1 is no copying"]
    public static let minimumSamples = 100
    /// A test image in place of a generated one would find itself.
    public static let comparesSplits = true

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let generated = input.generated.features
        let training = try NearestNeighbours(
            of: generated, among: input.training.features, count: 1
        ).squaredDistances
        let test = try NearestNeighbours(
            of: generated, among: input.held.features, count: 1
        ).squaredDistances
        let nearer = zip(training, test).reduce(0) {
            $0 + ($1.0 < $1.1 ? 1 : $1.0 == $1.1 ? 0.5 : 0)
        }
        let testDistance = test.reduce(0) { $0 + $1.squareRoot() }
        guard testDistance > 0 else {
            throw GanymedeError.world(
                "every generated image is a test image: memorisation is for images that a generator made"
            )
        }
        return [
            nearer / Double(generated.rows),
            training.reduce(0) { $0 + $1.squareRoot() } / testDistance,
        ]
    }
}
