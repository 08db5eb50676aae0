extension Lesson {
    /// Every lesson, in the order of the course.
    public static let all = [
        firstGAN, saturation, learningRates, modeCollapse, labelSmoothing, memorisation,
    ]

    private static let firstGAN = Lesson(
        number: 1, name: "first-gan", title: "A first GAN",
        exercises: [Exercise(name: "1-first-gan", expectations: [])])
    private static let saturation = Lesson(
        number: 2, name: "saturation", title: "Saturation of the discriminator",
        exercises: [
            Exercise(name: "2-minimax", expectations: []),
            Exercise(name: "2-non-saturating", expectations: []),
        ])
    private static let learningRates = Lesson(
        number: 3, name: "learning-rates", title: "Learning rates out of balance",
        exercises: [
            Exercise(name: "3-balanced", expectations: []),
            Exercise(name: "3-fast-generator", expectations: []),
            Exercise(name: "3-fast-discriminator", expectations: []),
        ])
    private static let modeCollapse = Lesson(
        number: 4, name: "mode-collapse", title: "Mode collapse, and how a penalty mends it",
        exercises: [
            Exercise(name: "4-collapse", expectations: []),
            Exercise(name: "4-penalty", expectations: []),
        ])
    private static let labelSmoothing = Lesson(
        number: 5, name: "label-smoothing", title: "Label smoothing",
        exercises: [
            Exercise(name: "5-hard-labels", expectations: []),
            Exercise(name: "5-smooth-labels", expectations: []),
        ])
    private static let memorisation = Lesson(
        number: 6, name: "memorisation", title: "Memorisation of few images",
        exercises: [
            Exercise(name: "6-few-images", expectations: []),
            Exercise(name: "6-augmentation", expectations: []),
        ])
}
