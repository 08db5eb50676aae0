extension Glossary {
    /// The fields of `journal.jsonl`.
    static let training: [GlossaryEntry] = [
        GlossaryEntry(
            "step", "step",
            "The number of finished training steps; a step is the whole schedule of the preset, updates of both networks included.",
            "It is neither good nor bad.",
            "Most presets need some thousand steps before samples look real."),
        GlossaryEntry(
            "epoch", "epoch",
            "How often training has gone through the data, as a fraction.",
            "It is neither good nor bad.",
            "Small images need from 5 to 50 epochs, and less data needs more of them."),
        GlossaryEntry(
            "images", "images",
            "The number of real images (or points) that training has used, repeated ones included.",
            "It is neither good nor bad.",
            "It is steps times batch, and more if D is updated several times in a step."),
        GlossaryEntry(
            "seconds", "training time",
            "The seconds of training so far, without compiling and pauses.",
            "Less is better at the same quality.",
            "It grows evenly, and slower steps mean that other programs use the processor."),
        GlossaryEntry(
            "images_per_second", "images a second", better: .higher,
            "The number of real images that training uses in a second.",
            "Higher is faster, and a drop means that another program uses the processor or that an evaluation ran.",
            "It stays within a tenth of what ganymede bench measures for the same preset and batch."
        ),
        GlossaryEntry(
            "d_loss", "D loss",
            "The loss of the discriminator over real and generated images.",
            "Lower means that D tells them apart, and a value that stays near 0 is bad because G then learns nothing.",
            "It settles after the first hundreds of steps and then stays between 0.2 and 0.7 where 0.69 is a guess by chance, and at up to 1.39 in the preset flagship, where 1.39 is."
        ),
        GlossaryEntry(
            "g_loss", "G loss",
            "The loss of the generator: how far D is from classifying its images as real.",
            "No value is good in itself, and one that grows without end is bad because G falls behind.",
            "It moves around a level between 0.7 and 3 for losses of probabilities, and does not fall as the loss of a classifier does."
        ),
        GlossaryEntry(
            "d_acc", "D accuracy",
            "The share of real and generated images that D classifies correctly in its own pass.",
            "Values that stay above 98% are bad because D has won, and values that stay at 50% are good only if the samples are.",
            "It stays between 55% and 90%."),
        GlossaryEntry(
            "d_acc_real", "D accuracy, real",
            "The share of real images that D classifies as real in its own pass.",
            "Values that stay near 100% together with the share of generated ones are bad, and so is a value far below 50%.",
            "It stays between 55% and 95%."),
        GlossaryEntry(
            "d_acc_fake", "D accuracy, generated",
            "The share of generated images that D classifies as generated in its own pass.",
            "Values that stay near 100% together with the share of real ones are bad, because G then learns nothing.",
            "It stays between 55% and 95%."),
        GlossaryEntry(
            "g_acc", "G accuracy",
            "The share of generated images that D classifies as real in the pass that trains G.",
            "Values that stay near 0% are bad because G never succeeds, and values that stay near 100% mean that D has stopped to object.",
            "It stays between 5% and 50%."),
    ]
}
