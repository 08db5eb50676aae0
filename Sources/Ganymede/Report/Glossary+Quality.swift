extension Glossary {
    /// The metrics of an evaluation.
    static let quality: [GlossaryEntry] = [
        GlossaryEntry(
            "fid", "fid", better: .lower,
            "The Fréchet distance between generated and real images in the features of Ganymede's evaluator, which is not the FID of Inception's features.",
            "Lower is better, 0 is the same distribution, and no generator is expected to go below the value of real images.",
            "On MNIST real images have 0.31, a minute of the flagship preset reaches 0.4, and simple presets reach 10 to 25."
        ),
        GlossaryEntry(
            "kid", "kid", better: .lower,
            "The kernel distance between generated and real images in the evaluator's features, which does not depend on the number of samples.",
            "Lower is better, and perfect samples have 0 on average, so that slightly negative values happen.",
            "Real images have 0.002 or less, and a preset with a fid of 18 has 0.25."),
        GlossaryEntry(
            "kid_spread", "kid_spread",
            "The standard deviation of kid over random subsets of the samples.",
            "Differences of kid that are smaller than it mean little.",
            "It is 0.005 for real images, and grows with kid."),
        GlossaryEntry(
            "score", "score", better: .higher,
            "The Inception Score by the evaluator's classes: how certain it is of each sample, and how evenly the classes occur.",
            "Higher is better, 1 is the worst, and the number of classes is the best.",
            "Real digits have 9.8 of 10, and a healthy run ends above 9; it needs 10,000 samples."),
        GlossaryEntry(
            "precision", "precision", better: .higher,
            "The share of samples that look real: that lie among the real ones in the evaluator's features.",
            "Higher is better, and low values mean that samples look wrong.",
            "Real images have 0.86 on MNIST, and a healthy run ends above 0.7."),
        GlossaryEntry(
            "recall", "recall", better: .higher,
            "The share of real samples that the generator covers: that lie among the generated ones.",
            "Higher is better, and low values mean that kinds of images are missing.",
            "Real images have 0.84 on MNIST, a healthy run ends above 0.5, and a collapsed one has nearly 0."
        ),
        GlossaryEntry(
            "density", "density", better: .near(1),
            "How many real samples lie around each generated one, as a share of what real samples have.",
            "1 is ideal, lower values mean that samples look wrong, and values far above 1 that they crowd where real ones are densest.",
            "Real images have 0.99, and a healthy run ends between 0.7 and 1.1."),
        GlossaryEntry(
            "coverage", "coverage", better: .higher,
            "The share of real samples that have a generated one nearby.",
            "Higher is better, and low values mean that kinds of images are missing or look wrong.",
            "Real images have 0.95, and a healthy run ends above 0.8."),
        GlossaryEntry(
            "modes", "modes", better: .higher,
            "The number of classes (or, of points, of Gaussians) that are generated.",
            "All of them is good, and fewer means mode collapse.",
            "A healthy run generates all that the data has, which the column real shows."),
        GlossaryEntry(
            "mode_kl_uniform", "mode_kl_uniform", better: .lower,
            "The KL divergence of the classes' shares from equal shares, in nats.",
            "0 is best if the data has equal shares, and 0.5 and more means that classes are missing.",
            "Chance alone gives (K - 1) / 2N for K classes and N samples, and a healthy run stays below 0.1."
        ),
        GlossaryEntry(
            "mode_kl", "mode_kl", better: .lower,
            "The KL divergence of the classes' shares from those of the data, in nats.",
            "0 is best, and 0.5 and more means that classes are missing.",
            "Chance alone gives (K - 1) / 2N for K classes and N samples, and a healthy run stays below 0.1."
        ),
        GlossaryEntry(
            "memorisation", "memorisation", better: .near(0.5),
            "The share of samples that lie nearer to a training image than to any test image.",
            "0.5 is no copying, and 1 means that all samples are copies of training images.",
            "A healthy run has 0.45 to 0.6, and real digits have 0.53."),
        GlossaryEntry(
            "memorisation_ratio", "memorisation_ratio", better: .near(1),
            "The mean distance of samples to the nearest training image, divided by that to the nearest test image.",
            "1 is no copying, and 0 means exact copies.",
            "A healthy run has 0.95 to 1.02."),
        GlossaryEntry(
            "memorisation_error", "memorisation_error",
            "The standard error of memorisation.",
            "Differences of memorisation that are smaller than twice this value mean little.",
            "It is 0.01 for 10,000 varied samples, and larger where samples are alike."),
        GlossaryEntry(
            "copies", "copies", better: .lower,
            "The share of samples that equal a training image, byte for byte.",
            "0 is good, and anything above means copying.",
            "A healthy run has 0."),
        GlossaryEntry(
            "gan_test", "gan_test", better: .higher,
            "The share of labelled samples that a classifier of real images assigns to their label.",
            "Higher is better, and low values mean that samples do not show the class that was asked for.",
            "Real digits have 0.996, and a healthy conditional run ends above 0.95."),
        GlossaryEntry(
            "gan_train", "gan_train", better: .higher,
            "The accuracy on real images of a classifier that was trained on labelled samples alone.",
            "Higher is better, and low values mean that samples look wrong or lack variety.",
            "Real digits have 0.99, and a healthy conditional run ends above 0.9."),
        GlossaryEntry(
            "high_quality", "high_quality", better: .higher,
            "The share of generated points within three standard deviations of a Gaussian.",
            "Higher is better, and low values mean that points lie between the Gaussians.",
            "Real points have 0.989, and a healthy run of the preset points ends above 0.95."),
    ]
}
