extension Ailment {
    static func verdict(
        _ signals: HealthSignals, _ finding: String, _ evidence: [String], _ advice: String
    ) -> Verdict {
        Verdict(
            ailment: name, step: signals.step, finding: finding, evidence: evidence,
            advice: advice)
    }
}

extension ArraySlice<HealthSignals> {
    /// The median of a signal over the measurements before the last two; nil if there are fewer than two.
    func earlier(_ signal: KeyPath<HealthSignals, Double>) -> Double? {
        let before = dropLast(2).map { $0[keyPath: signal] }.sorted()
        return before.count < 2 ? nil : before[before.count / 2]
    }

    /// Whether the last `count` measurements fulfil a condition; false if there are fewer.
    func last(_ count: Int, fulfil condition: (HealthSignals) -> Bool) -> Bool {
        self.count >= count && suffix(count).allSatisfy(condition)
    }
}

/// The learning rates times factors, as a flag.
func learningRates(_ gan: GAN, generator: Double, discriminator: Double) -> String {
    func rate(_ schedule: Schedule, _ factor: Double) -> Double {
        (schedule.from == 0 ? schedule.to : schedule.from) * factor
    }
    let g = rate(gan.generatorOptimizer.learningRate, generator)
    let d = rate(gan.discriminatorOptimizer.learningRate, discriminator)
    return "--learning-rate \(g),\(d)"
}

/// The flag of a gradient penalty.
let penaltyFlag = #"--set 'regularizers=[{"kind":"r1","weight":1}]'"#

/// Whether a penalty on the discriminator's gradient can be added.
func takesPenalty(_ gan: GAN) -> Bool {
    gan.regularizers.isEmpty && !gan.discriminator.layers.contains { $0.mixesSamples }
}

/// Training stopped at NaN or infinity.
enum NonFinite: Ailment {
    static let name = "non-finite"
    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard let last = history.last, let tensor = last.nonFinite else { return nil }
        return verdict(
            last, "Training stopped because a number was no longer finite.",
            ["\(tensor) held NaN or infinity"],
            "half the learning rate and a limit for gradients: \(learningRates(gan, generator: 0.5, discriminator: 0.5)) --set clip_norm=1"
        )
    }
}

/// The discriminator is always right, and the generator has nothing to learn from.
enum SaturatedDiscriminator: Ailment {
    static let name = "saturated-discriminator"
    static let accuracy = 0.98
    static let gradient = 0.2
    /// Between real and generated images; at 8 a sigmoid is 0.9997 apart.
    static let logits = 8.0

    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard let last = history.last,
            history.last(3, fulfil: { min($0.dAccReal, $0.dAccFake) >= accuracy })
        else { return nil }
        let most = history.map(\.imageGradient).max() ?? 0
        let share = last.imageGradient / max(most, 1e-30)
        let gap = last.logitOnTraining - last.logitOnGenerated
        // A loss without a sigmoid has no certainty that a logit could show.
        let isCertain = gan.loss is any CrossEntropyLoss && gap > logits
        guard isCertain || share < gradient else { return nil }
        return verdict(
            last,
            "The discriminator is always right and certain of it, so the generator learns little.",
            [
                "accuracy on real \(percent(last.dAccReal)) and fake \(percent(last.dAccFake)) over three measurements (limit \(percent(accuracy)))",
                share < gradient
                    ? "the generator's gradient by its images is \(short(last.imageGradient)), \(percent(share)) of its largest (limit \(percent(gradient)))"
                    : "logits of real and generated images are \(short(gap)) apart (limit \(short(logits)))",
            ],
            takesPenalty(gan)
                ? "a gradient penalty: \(penaltyFlag)"
                : "a slower discriminator: \(learningRates(gan, generator: 1, discriminator: 0.25))"
        )
    }
}

/// The generator makes few different samples.
enum ModeCollapse: Ailment {
    static let name = "mode-collapse"
    static let diversity = 0.6
    static let nearest = 0.5
    static let entropy = 0.75

    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard let last = history.last, history.last(2, fulfil: { evidence($0, gan).count > 1 })
        else { return nil }
        let kind = gan.classes == nil ? "" : " of each class"
        return verdict(
            last, "The generator has collapsed: it makes few different samples\(kind).",
            evidence(last, gan),
            takesPenalty(gan)
                ? "a gradient penalty: \(penaltyFlag)"
                : gan.regularizers.isEmpty
                    ? "a loss and networks that do not collapse: --preset flagship"
                    : "a slower generator: \(learningRates(gan, generator: 0.5, discriminator: 1))")
    }

    /// Each signal that is beyond its limit.
    private static func evidence(_ signals: HealthSignals, _ gan: GAN) -> [String] {
        let kind = gan.classes == nil ? "" : " of each class"
        var found: [String] = []
        if signals.diversity < diversity {
            found.append(
                "samples\(kind) differ \(percent(signals.diversity)) as much as real ones (limit \(percent(diversity)))"
            )
        }
        if signals.nearest < nearest {
            found.append(
                "the nearest other sample is \(percent(signals.nearest)) as far as among real ones (limit \(percent(nearest)))"
            )
        }
        if gan.classes == nil, let classes = signals.classes, let share = relativeEntropy(classes),
            share < entropy
        {
            let missing = classes.count { $0 < 0.01 }
            found.append(
                "\(missing) of \(classes.count) classes are under 1%: their entropy is \(percent(share)) of the largest (limit \(percent(entropy)))"
            )
        }
        return found
    }

    /// The entropy of shares, as a share of the largest; nil for a single class.
    private static func relativeEntropy(_ shares: [Double]) -> Double? {
        guard shares.count > 1 else { return nil }
        let entropy = shares.reduce(0) { $1 > 0 ? $0 - $1 * LibM.log($1) : $0 }
        return entropy / LibM.log(Double(shares.count))
    }
}

/// The generator makes some modes, then others.
enum RotatingModes: Ailment {
    static let name = "rotating-modes"
    static let divergence = 0.4
    /// With more classes, the shares among 200 samples change by a quarter of the limit or more by chance: K - 1 / 200.
    static let mostClasses = 20

    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard gan.classes == nil, let last = history.last, history.count >= 6,
            (last.classes ?? []).count <= mostClasses
        else { return nil }
        let recent = Array(history.suffix(5))
        let changes = zip(recent.dropFirst(), recent).compactMap { $0.divergence(from: $1) }
            .sorted()
        guard changes.count == 4, changes[1] > divergence else { return nil }
        let missing = recent.map { ($0.classes ?? []).count { $0 < 0.01 } }
        guard missing.allSatisfy({ $0 > 0 }) else { return nil }
        return verdict(
            last, "The generator wanders between modes: it forgets some when it learns others.",
            [
                "the classes' shares change by \(short(changes[2])) nats from one measurement to the next (limit \(short(divergence)))",
                "\(missing.map(String.init).joined(separator: ", ")) classes were under 1 % at the last five measurements",
            ],
            takesPenalty(gan)
                ? "a gradient penalty: \(penaltyFlag)"
                : "half the learning rates: \(learningRates(gan, generator: 0.5, discriminator: 0.5))"
        )
    }
}

/// The discriminator has memorized its training images.
enum Memorization: Ailment {
    static let name = "memorization"
    static let gap = 0.3
    static let logits = 0.5

    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard let last = history.last, let test = last.realOnTest, let logit = last.logitOnTest,
            history.last(2, fulfil: { $0.realOnTraining - ($0.realOnTest ?? 1) > gap })
        else { return nil }
        let whole = last.logitOnTraining - last.logitOnGenerated
        let part = (last.logitOnTraining - logit) / max(whole, 1e-9)
        guard whole > 0, part > logits else { return nil }
        return verdict(
            last,
            "The discriminator has memorized its training images: it classifies real images that it never saw as generated.",
            [
                "it classifies \(percent(last.realOnTraining)) of training images as real, and \(percent(test)) of test images (limit for the difference \(percent(gap)))",
                "its logit falls from \(short(last.logitOnTraining)) on training images to \(short(logit)) on test images, \(percent(part)) of the way to generated ones (limit \(percent(logits)))",
            ],
            gan.augmentation.isEmpty && gan.generator.output.count == 3
                ? #"random changes of all images: --set 'augmentation=["translation","cutout"]'"#
                : "a smaller discriminator, or fewer steps")
    }
}

/// The generator does not change, though its samples are told apart.
enum StuckGenerator: Ailment {
    static let name = "stuck-generator"
    static let movement = 0.001
    static let accuracy = 0.9

    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard let last = history.last,
            history.last(3, fulfil: { ($0.movement ?? 1) < movement && $0.dAccFake > accuracy })
        else { return nil }
        return verdict(
            last, "The generator stands still, though the discriminator recognizes its samples.",
            [
                "its weights changed by \(fixed((last.movement ?? 0) * 100, 4))% of their norm since the last measurement (limit \(fixed(movement * 100, 1))%)",
                "the discriminator classifies \(percent(last.dAccFake)) of its samples as generated (limit \(percent(accuracy)))",
            ], "a faster generator: \(learningRates(gan, generator: 4, discriminator: 1))")
    }
}
