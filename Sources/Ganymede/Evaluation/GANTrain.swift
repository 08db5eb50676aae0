/// GAN-train: the share of real images classified correctly by a classifier that was trained on labelled samples alone. It falls when
/// samples look wrong for their class, and when kinds of them are missing. The classifier is trained as an evaluator
/// is, and tested on the test split. Shmelkov et al., "How good is my GAN?" (2018); see ``GANTest``.
///
/// Its real-versus-real figure is of a classifier that has learned from as many training images.
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
        // The samples' name does not say what they show.
        trainer.augmentation = .default(for: test.name)
        let classifier = try trainer.train(on: samples, test: test) { progress in
            input.progress("\(names[0]): step \(progress.step) of \(progress.steps)")
        }
        return [classifier?.quality.accuracy ?? .nan]
    }
}
