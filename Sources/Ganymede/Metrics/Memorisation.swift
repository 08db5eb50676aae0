/// Whether generated images are copies of training images. For each, its nearest neighbour among equally many training
/// and test images is looked up in the evaluator's features, after Meehan et al., "A non-parametric test to detect
/// data-copying in generative models" (2020).
///
/// - `memorisation`: the share of generated images that lie nearer to a training image than to any test image, ties
///   counting half. 0.5 is no copying, 1 all copies; of N independent images its standard deviation is 0.5 to 1 by
///   sqrt(N), and more of images that are alike: it throws where nearly all are.
/// - `memorisation_ratio`: the mean distance to the nearest training image by that to the nearest test image. 1 is no
///   copying, 0 exact copies.
///
/// The training images are a random part of the split, and only copies of these are seen: where they are a sixth of
/// the split, a generator that only copies has 1/6 + 5/6 x 0.5 = 0.58.
public enum Memorisation: Metric {
    public static let names = ["memorisation", "memorisation_ratio"]
    public static let about = [
        "share nearer to a training than to any test sample: 0.5 is no copying",
        "distance to training by that to test samples: 1 is no copying",
    ]
    public static let minimumSamples = 100
    /// A test image in place of a generated one would find itself.
    public static let comparesSplits = true
    /// Of D different places, a share is off by 0.5 / sqrt(D) by the chance of which real images were drawn, however often
    /// samples are drawn anew: 0.025 here. One image, repeated, is always nearer to either.
    private static let leastDifferent = 400

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let generated = input.generated.features
        let training = try NearestNeighbours(
            of: generated, among: input.training.features, count: 1)
        let test = try NearestNeighbours(of: generated, among: input.held.features, count: 1)
        let different = Set(training.indices).count
        let least = min(leastDifferent, generated.rows / 5)
        guard different >= least else {
            throw GanymedeError.world(
                "\(names[0]): the nearest training samples of \(generated.rows) generated ones are only \(different) different "
                    + "ones, and of fewer than \(least) a share is chance: the generated ones are too alike"
            )
        }
        let images = 0..<generated.rows
        let testDistance = images.reduce(0) { $0 + test.distance($1) }
        guard testDistance > 0 else {
            throw GanymedeError.world(
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
        ]
    }
}
