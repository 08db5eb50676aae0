extension Glossary {
    /// The fields of `health.jsonl` that the journal has not. The limits are those of `Health/Ailments.swift`.
    static let health: [GlossaryEntry] = [
        GlossaryEntry(
            "diversity", "diversity", better: .near(1),
            "The mean distance between samples of fixed seeds, as a share of that between real ones; within each class for a conditional GAN.",
            "1 is as varied as the data, and values that stay below 60% are a sign of mode collapse.",
            "It starts near 0, and a healthy run reaches 80% to 105%."),
        GlossaryEntry(
            "nearest", "nearest sample", better: .near(1),
            "The mean distance of a sample to the most similar other one, as a share of that of real ones.",
            "1 is as different as real samples, and values that stay below 50% mean that samples repeat.",
            "A healthy run has 70% to 110%."),
        GlossaryEntry(
            "real_on_training", "classified as real, training",
            "The share of 64 training images that D classifies as real.",
            "It is bad only if the share of test images is much lower, because D then memorizes.",
            "A healthy run has 55% to 95%."),
        GlossaryEntry(
            "real_on_test", "classified as real, test",
            "The share of 64 test images, which no training saw, that D classifies as real.",
            "A value 30 points below that of training images is a sign that D has memorized them.",
            "A healthy run has about the value of training images."),
        GlossaryEntry(
            "real_on_generated", "classified as real, generated",
            "The share of 64 generated images that D classifies as real.",
            "Values that stay at 0% are bad because G then learns little.",
            "A healthy run has 5% to 45%."),
        GlossaryEntry(
            "logit_on_training", "D output, training",
            "The mean output of D, before the sigmoid, on training images.",
            "Its distance to the output on generated images counts: 8 and more means that D has won.",
            "A healthy run has 0 to 4 for losses of probabilities."),
        GlossaryEntry(
            "logit_on_test", "D output, test",
            "The mean output of D, before the sigmoid, on test images.",
            "A value near that on generated images, far from that on training images, is a sign that D has memorized.",
            "A healthy run has about the value of training images."),
        GlossaryEntry(
            "logit_on_generated", "D output, generated",
            "The mean output of D, before the sigmoid, on generated images.",
            "Its distance to the output on training images counts: 8 and more means that D has won.",
            "A healthy run has -4 to 0 for losses of probabilities."),
        GlossaryEntry(
            "image_gradient", "gradient by an image",
            "The mean norm of the gradient of G's loss with respect to one of its images, which is what G learns from.",
            "Values that fall to a fifth of the largest are bad because G learns little, and values above 20 with a Wasserstein loss mean that D is unbounded.",
            "It stays within a factor of three after the first measurements."),
        GlossaryEntry(
            "d_gradient", "D gradient",
            "The norm of the gradient of D's loss with respect to all of its weights.",
            "A value 20 times its earlier median is a sign that training diverges.",
            "It moves within a factor of five."),
        GlossaryEntry(
            "g_gradient", "G gradient",
            "The norm of the gradient of G's loss with respect to all of its weights.",
            "A value 20 times its earlier median is a sign that training diverges.",
            "It moves within a factor of five."),
        GlossaryEntry(
            "movement", "change of G's weights",
            "The change of the generator's weights since the last measurement, as a share of their norm.",
            "Values that stay below 0.1% are bad because G stands still.",
            "A healthy run has 1% to 30%, less towards the end of a schedule that decays."),
        GlossaryEntry(
            "classes", "classes",
            "The share of each class among 200 samples, as the evaluator sees them.",
            "Shares like those of the data are good, and classes under 1% are missing.",
            "A healthy run has every class, with shares that change little between measurements."),
        GlossaryEntry(
            "non_finite", "NaN or infinity",
            "The name of the tensor that first held NaN or infinity, where training stopped for it.",
            "Any name is bad: the last good checkpoint is kept, and a lower learning rate usually helps.",
            "A healthy run has none."),
    ]
}
