/// GAN-train: the accuracy on real images of a classifier that was trained on labelled samples only. It falls when
/// samples look wrong for their class and when they lack diversity. The classifier is trained like an evaluator and
/// tested on the test split. Shmelkov et al., "How good is my GAN?" (2018); see ``GANTest``.
///
/// Its value for real samples is that of a classifier trained on as many training images.
public enum GANTrain: Metric {
    public static let names = ["gan_train"]
    public static let about = [
        "share of real images classified correctly by a classifier trained on the samples"
    ]
    public static let minimumSamples = 1000
    public static let comparesSplits = true
    public static let isSlow = true

    public static func figures(_ input: MetricInput) throws -> [Double] {
        _ = try input.generated.labels(for: names[0], beside: input.test)
        guard let samples = input.generated.samples, let test = input.test.samples else {
            return [.nan]
        }
        var trainer = EvaluatorTrainer()
        trainer.seed = Int(truncatingIfNeeded: input.seed & 0x7fff_ffff)
        trainer.threads = EngineThread.threads
        // The name of the samples does not tell what kind of images they are.
        trainer.augmentation = .default(for: test.name)
        let classifier = try trainer.train(on: samples, test: test) { progress in
            input.progress("\(names[0]): step \(progress.step) of \(progress.steps)")
        }
        return [classifier?.quality.accuracy ?? .nan]
    }
}
