/// One step of a classifier's training as one graph: forward pass, cross-entropy, gradients, updates.
///
/// Feeds `images` [batch, height, width, channels], `classes` [batch, K] with 1 at each image's class, `step_size`,
/// `decay` (what is left of a weight before each update) and, where a layer drops out, `key`. Results: `loss` in nats
/// and `accuracy`, means over the batch.
struct ClassifierStep {
    let graph: Graph
    let variables: [Variable]

    /// The second moment follows the gradients of the last hundred steps, because there are few steps in all.
    private static let optimizer = Adam(learningRate: 1, beta1: 0.9, beta2: 0.99)
    /// The share of a weight that goes with each step of size 1, apart from the gradient (Loshchilov and Hutter,
    /// "Decoupled weight decay regularization", 2019).
    private static let weightDecay = 0.05

    init(_ network: EvaluatorNetwork, batch: Int) {
        let optimizer = ClassifierStep.optimizer
        let builder = GraphBuilder()
        let variables = Variables(builder)
        let images = builder.feed("images", TensorType(Shape([batch] + network.features.input)))
        let classes = builder.feed("classes", TensorType(Shape([batch] + network.head.output)))
        let logits = network(images, variables, mode: .training).logits
        // Handed out, so that they and the logits stay in f32 whatever the precision.
        let logProbabilities = logits.logSoftmax()
        builder.result("log_probabilities", logProbabilities)
        let loss = -(classes * logProbabilities).sum(axes: [1]).mean()
        let own = (classes * logits).sum(axes: [1])
        builder.result("loss", loss)
        builder.result("accuracy", (own .>= logits.max(axes: [1])).cast(.float32).mean())

        let trained = variables.declared.filter(\.trainable)
        let gradients = gradients(of: loss, withRespectTo: trained.map(variables.value))
        let stepSize = builder.feed("step_size", TensorType(.scalar))
        let decay = builder.feed("decay", TensorType(.scalar))
        for (variable, gradient) in zip(trained, gradients) {
            let slots = optimizer.slots.map { slot in
                Variable(
                    name: "adam.\(slot).\(variable.name)", shape: variable.shape,
                    initializer: .zeros, trainable: false)
            }
            let weight = variables.value(variable)
            let new = optimizer.apply(
                variable.shape.rank > 1 ? weight * decay : weight, gradient,
                slots: slots.map(variables.value), scalars: [stepSize])
            variables.update(variable.name, to: new.weight)
            for (slot, value) in zip(slots, new.slots) { variables.update(slot.name, to: value) }
        }
        graph = builder.graph
        self.variables = variables.declared
    }

    /// Fills every feed but the images and their classes for the step that follows `step` finished ones.
    func fill(_ program: Program, learningRate: Double, step: Int, seed: UInt64) {
        if program.hasFeed("key") {
            program.setKey(RandomKey(seed: seed, step: UInt64(step) + 1))
        }
        let correction = ClassifierStep.optimizer.scalarValue(0, update: step + 1)
        program.feed("step_size")[0] = Float(learningRate * correction)
        program.feed("decay")[0] = Float(1 - learningRate * ClassifierStep.weightDecay)
    }
}
