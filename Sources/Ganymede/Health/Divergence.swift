/// Gradients and losses grow without bound.
enum Divergence: Ailment {
    static let name = "divergence"
    static let gradientGrowth = 20.0
    static let lossGrowth = 8.0
    /// A critic's gradient by an image is to be 1 (Arjovsky, Chintala and Bottou, 2017).
    static let slope = 20.0
    static let criticLogits = 100.0

    static func verdict(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        unboundedCritic(history, gan) ?? growth(history, gan)
    }

    /// The critic of a Wasserstein loss that nothing bounds.
    private static func unboundedCritic(
        _ history: ArraySlice<HealthSignals>, _ gan: GAN
    ) -> Verdict? {
        guard gan.loss is WassersteinLoss, let last = history.last,
            history.last(
                2,
                fulfil: { $0.imageGradient > slope && abs($0.logitOnGenerated) > criticLogits })
        else { return nil }
        return verdict(
            last,
            "The critic's output grows without bound: what the generator learns from it is no distance.",
            [
                "its gradient by an image is \(short(last.imageGradient)) at two measurements, and should be about 1 (limit \(short(slope)))",
                "its output on generated images is \(short(last.logitOnGenerated)) (limit \(short(criticLogits)))",
            ],
            takesPenalty(gan)
                ? #"a gradient penalty: --set 'regularizers=[{"kind":"gradient-penalty"}]'"#
                : "a loss that needs no bound: --loss non-saturating")
    }

    private static func growth(_ history: ArraySlice<HealthSignals>, _ gan: GAN) -> Verdict? {
        guard let last = history.last, let d = history.earlier(\.dGradient),
            let g = history.earlier(\.gGradient), let lossBefore = history.earlier(\.gLoss)
        else { return nil }
        let growth = max(last.dGradient / max(d, 1e-9), last.gGradient / max(g, 1e-9))
        let loss = abs(last.gLoss) / max(abs(lossBefore), 0.1)
        guard growth > gradientGrowth, loss > lossGrowth else { return nil }
        return verdict(
            last, "The networks diverge: their gradients and losses grow without bound.",
            [
                "gradient norm \(short(growth)) times its earlier median (limit \(short(gradientGrowth)))",
                "generator's loss \(short(last.gLoss)), \(short(loss)) times its earlier median (limit \(short(lossGrowth)))",
            ],
            takesPenalty(gan)
                ? "a gradient penalty: \(penaltyFlag)"
                : "half the learning rate: \(learningRates(gan, generator: 0.5, discriminator: 0.5))"
        )
    }
}
