/// A training step of a classifier: forward pass, cross-entropy, one update.
struct ClassifierStep {
    let graph: StepGraph
    /// The cross-entropy in nats, and the accuracy on the batch.
    let loss, accuracy: ResultHandle

    init(_ network: EvaluatorNetwork, batch: Int, optimizer: OneCycleAdamW) {
        let step = UpdateBuilder(batch: batch, randomness: .philox)
        let images = step.samples(network.features.input, turn: 0)
        let classes = step.labels().oneHot(network.head.output[0])
        let logits = network(images, step.variables, mode: .training).logits
        // A result of the graph, so that it and the logits stay in f32 in every precision.
        let logProbabilities = logits.logSoftmax()
        step.graph.result("log_probabilities", logProbabilities)
        let loss = -(classes * logProbabilities).sum(axes: [1]).mean()
        let own = (classes * logits).sum(axes: [1])
        self.loss = step.report("loss", loss)
        accuracy = step.report(
            "accuracy", (own .>= logits.max(axes: [1])).cast(.float32).mean())
        let gradients = step.gradients(
            of: [.init(of: loss)], by: [network.features, network.head], pass: "classifier")
        step.update(gradients, with: optimizer, of: "classifier")
        graph = StepGraph(step)
    }
}

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) with the learning rate of a
/// ``OneCycleSchedule``. Only matrices and filters decay.
struct OneCycleAdamW: Optimizer {
    static let kind = "one-cycle-adamw"
    var learningRate: Schedule
    let steps: Int

    /// beta2 = 0.99 averages about the last hundred steps, because there are few steps in total.
    private static let adam = Adam(learningRate: 1, beta1: 0.9, beta2: 0.99)
    /// Per step: w *= 1 - learning rate * weightDecay.
    private static let weightDecay = 0.05

    var slots: [String] { OneCycleAdamW.adam.slots }
    var scalars: [String] { ["step_size", "decay"] }
    var fault: String? { OneCycleAdamW.adam.fault }

    func scalarValue(_ index: Int, update t: Int, step: Int) -> Double {
        let size = OneCycleSchedule(peak: learningRate.from, steps: steps)[t - 1]
        return index == 0
            ? size * OneCycleAdamW.adam.scalarValue(0, update: t, step: step)
            : 1 - size * OneCycleAdamW.weightDecay
    }

    func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor]) {
        OneCycleAdamW.adam.apply(
            weight.shape.rank > 1 ? weight * scalars[1] : weight, gradient, slots: slots,
            scalars: [scalars[0]])
    }
}

/// A learning rate with linear warmup and cosine decay to 0 (Smith, "Super-convergence", 2018; Loshchilov and Hutter,
/// "SGDR", 2017).
package struct OneCycleSchedule {
    let peak: Double
    let steps: Int
    private static let rise = 0.15

    package init(peak: Double, steps: Int) {
        self.peak = peak
        self.steps = steps
    }

    /// The learning rate of a step, counted from 0.
    package subscript(step: Int) -> Double {
        let done = (Double(step) + 0.5) / Double(steps)
        if done < OneCycleSchedule.rise { return peak * done / OneCycleSchedule.rise }
        let fall = (done - OneCycleSchedule.rise) / (1 - OneCycleSchedule.rise)
        return peak * (1 + LibM.cos(.pi * fall)) / 2
    }
}
