extension StepBuilder {
    /// The sum of the GAN's regularizers, for the discriminator's loss; nil if this step has none.
    public func penalties(real: Tensor, fake: Tensor, turn: Int = 0) -> Tensor? {
        if regularizerScale == 0 { return nil }
        var sum: Tensor?
        for regularizer in gan.regularizers {
            let term = penalize(regularizer, real: real, fake: fake, turn: turn)
            sum = sum.map { $0 + term } ?? term
        }
        return regularizerScale == 1 ? sum : sum.map { $0 * regularizerScale }
    }

    /// The term of one regularizer, for the discriminator's loss. It looks at images as the discriminator sees them,
    /// each time with the same dropout.
    public func penalize(
        _ regularizer: any Regularizer, real: Tensor, fake: Tensor, turn: Int = 0
    ) -> Tensor {
        let pass = nextPass()
        let method = (regularizer as? any ImageGradientPenalty)?.method ?? .exact
        let known =
            method == .exact ? [nil, nil] : [seen(real, turn: turn), seen(fake, turn: turn)]
        let term = regularizer.penalty(
            { view in
                known.lazy.compactMap { $0 }.first { $0.view.value == view.value }?.logits
                    ?? self.logits(of: view, pass: pass, frozen: true, turn: turn)
            },
            real: known[0]?.view ?? view(real, pass: "\(pass)/real"),
            fake: known[1]?.view ?? view(fake.stopGradient(), pass: "\(pass)/fake"),
            random: { self.graph.random($0, $1, stream: "penalty/\(self.nextPass())") })
        return scaled(term, by: regularizer.weight, "\(pass).penalty.weight")
    }

    /// The logits of images, if another pass over them would give the same: it draws no random numbers and updates no
    /// statistics. A finite difference at these images uses them, so that penalty and loss share one backward pass.
    /// Second derivatives have none to share.
    struct SeenImages {
        let images: Value
        let turn: Int
        /// The number of updates before.
        let update: Int
        let view: Tensor
        let logits: Tensor
    }

    private func seen(_ images: Tensor, turn: Int) -> SeenImages? {
        seen.last { $0.images == images.value && $0.turn == turn && $0.update == updateCount }
    }
}
