/// Builds the graph of a training step of any model: batches, networks, updates, host scalars and reported values.
/// ``StepBuilder`` adds what GANs need.
/// ```swift
/// let step = UpdateBuilder(batch: 64)
/// let images = step.samples([28, 28, 1])
/// let copies = step.apply(decoder, to: step.apply(encoder, to: images))
/// let error = copies - images
/// let loss = (error * error).mean()
/// let handle = step.report("loss", loss)
/// step.update(step.gradients(of: loss, by: [encoder, decoder]), with: Adam())
/// ```
public class UpdateBuilder {
    /// The builder of all tensors, for operations that this class lacks.
    public let graph: GraphBuilder
    /// Samples in a batch.
    public let batch: Int
    let variables: Variables
    private(set) var hostScalars: [HostScalar] = []
    private(set) var results: [ResultHandle] = []
    /// The number of batches that a step reads.
    private(set) var batches = 0
    /// Whether a step reads the labels of its batches.
    private(set) var readsLabels = false
    /// Whether every gradient is reported, as `gradient.PASS.VARIABLE`; for tests.
    var reportsGradients = false
    private var updates: [String: Int] = [:]
    /// The number of updates so far, of all owners.
    var updateCount: Int { updates.values.reduce(0, +) }

    /// An empty step on batches of `batch` samples.
    public init(batch: Int, randomness: GraphBuilder.Randomness = .philox) {
        graph = GraphBuilder(randomness: randomness)
        variables = Variables(graph)
        self.batch = batch
    }

    // MARK: Inputs

    /// Samples of the batch number `turn` of this step, [batch] + `sample`.
    public func samples(_ sample: [Int], turn: Int = 0) -> Tensor {
        batches = max(batches, turn + 1)
        return graph.feed(UpdateBuilder.feed("real", turn), TensorType(Shape([batch] + sample)))
    }

    /// Class numbers of the samples of the batch number `turn` of this step, integers [batch]. Data without labels is
    /// refused before training starts.
    public func labels(_ turn: Int = 0) -> Tensor {
        batches = max(batches, turn + 1)
        readsLabels = true
        return graph.feed(UpdateBuilder.feed("labels", turn), TensorType([batch], .int32))
    }

    static func feed(_ name: String, _ turn: Int) -> String { turn == 0 ? name : "\(name).\(turn)" }

    /// A scalar that the host computes in double precision before each step.
    ///
    /// - Parameters:
    ///   - name: unique in the step.
    ///   - value: given the number of finished steps.
    public func scalar(_ name: String, _ value: @escaping @Sendable (_ step: Int) -> Double)
        -> Tensor
    {
        hostScalars.append(HostScalar(feed: "scalar.\(name)", source: .function(value)))
        return graph.feed("scalar.\(name)", TensorType(.scalar))
    }

    // MARK: Networks

    /// The output of a network.
    ///
    /// - Parameters:
    ///   - network: the layers to apply.
    ///   - x: its input, [batch, ...].
    ///   - mode: whether batch normalization and dropout run in training or inference mode.
    ///   - pass: names the random stream of dropout; unique for each pass of a network in a step.
    ///   - frozen: leaves the moving statistics of batch normalization unchanged.
    public func apply(
        _ network: Sequential, to x: Tensor, mode: Mode = .training, pass: String = "pass",
        frozen: Bool = false
    ) -> Tensor {
        network(x, variables, mode: mode, pass: pass, frozen: frozen)
    }

    // MARK: What goes out

    /// Reports a scalar after each step; the journal holds it under `name`.
    @discardableResult
    public func report(_ name: String, _ scalar: Tensor) -> ResultHandle {
        if scalar.shape.count != 1 {
            misuse("\(name) is reported as a number, and is \(scalar.type)")
        }
        let handle = graph.result(name, scalar)
        results.append(handle)
        return handle
    }

    // MARK: Updates

    /// Trainable variables, each with the gradient of a loss with respect to it.
    public typealias ParameterGradients = [(variable: Variable, gradient: Tensor)]

    /// A start of the backward pass: a tensor and the gradient of the loss with respect to it.
    struct Cotangent {
        let tensor: Tensor
        let value: Tensor

        init(tensor: Tensor, value: Tensor) {
            self.tensor = tensor
            self.value = value
        }

        /// For a loss, whose gradient is 1.
        init(of loss: Tensor) {
            self.init(tensor: loss, value: loss.builder.constant(1).broadcast(to: loss.shape))
        }
    }

    /// The gradients of `loss` with respect to the trainable variables of `networks`, of those used so far.
    public func gradients(of loss: Tensor, by networks: [Sequential]) -> ParameterGradients {
        gradients(of: [Cotangent(of: loss)], by: networks, pass: "step")
    }

    /// The same, starting from any tensors with known gradients.
    ///
    /// - Parameter pass: part of their name if gradients are reported.
    func gradients(
        of sources: [Cotangent], by networks: [Sequential], pass: String
    ) -> ParameterGradients {
        let trained = variables.declared.filter { variable in
            variable.trainable && networks.contains { variable.name.hasPrefix("\($0.name).") }
        }
        let found = Engine.gradients(
            of: sources.map(\.tensor), from: sources.map(\.value),
            withRespectTo: trained.map(variables.value))
        for (variable, gradient) in zip(trained, found) where reportsGradients {
            graph.result("gradient.\(pass).\(variable.name)", gradient)
        }
        return Array(zip(trained, found))
    }

    /// The gradients, scaled down together if their norm, over all variables, is above `limit` (Pascanu, Mikolov and
    /// Bengio, "On the difficulty of training recurrent neural networks", 2013).
    public static func clip(_ gradients: ParameterGradients, to limit: Double) -> ParameterGradients
    {
        let squares = gradients.map { ($0.gradient * $0.gradient).sum() }
        guard let first = squares.first else { return gradients }
        let norm = squares.dropFirst().reduce(first, +).sqrt()
        let factor = norm.builder.constant(limit) / norm.maximum(limit)
        return gradients.map { ($0.variable, $0.gradient * factor) }
    }

    /// One update by an optimizer.
    ///
    /// - Parameters:
    ///   - gradients: variables with their gradients.
    ///   - optimizer: computes the new values.
    ///   - owner: names what is updated. The optimizer's scalars, such as Adam's bias correction, count updates per
    ///     owner.
    public func update(
        _ gradients: ParameterGradients, with optimizer: any Optimizer, of owner: String = "step"
    ) {
        let scalars = scalars(of: optimizer, owner)
        for (variable, gradient) in gradients {
            graph.scoped("update(\(variable.name))") {
                let slots = optimizer.slots.map { slot in
                    Variable(
                        name: variable.name(inserting: "\(type(of: optimizer).kind).\(slot)"),
                        shape: variable.shape, initializer: .zeros, trainable: false)
                }
                let new = optimizer.apply(
                    variables.value(variable), gradient, slots: slots.map(variables.value),
                    scalars: scalars)
                variables.update(variable.name, to: new.weight)
                for (slot, value) in zip(slots, new.slots) {
                    variables.update(slot.name, to: value)
                }
            }
        }
    }

    /// Keeps an exponential moving average of the network's weights and statistics, as they are after the updates so
    /// far: a = decay a + (1 - decay) w. It starts at their initial values and is saved as `NETWORK.ema.…`.
    func average(_ network: Sequential, decay: Tensor) {
        for variable in network.variables {
            let average = variable.average
            graph.scoped("average(\(variable.name))") {
                let weight = variables.value(variable)
                let new = weight + decay * (variables.value(average) - weight)
                variables.update(average.name, to: new)
            }
        }
    }

    /// Whether the step keeps an average of the network.
    func isAveraging(_ network: Sequential) -> Bool {
        variables.declared.contains { $0.startsAs?.hasPrefix("\(network.name).") ?? false }
    }

    /// Feeds for an optimizer's scalars in the next update of `owner`.
    private func scalars(of optimizer: any Optimizer, _ owner: String) -> [Tensor] {
        let turn = updates[owner, default: 0]
        updates[owner] = turn + 1
        for index in hostScalars.indices { hostScalars[index].count(updates: turn + 1, of: owner) }
        return optimizer.scalars.enumerated().map { index, scalar in
            let feed = "\(owner).\(type(of: optimizer).kind).\(scalar).\(turn)"
            hostScalars.append(
                HostScalar(
                    feed: feed,
                    source: .optimizer(
                        optimizer, index: index, owner: owner, turn: turn, updatesPerStep: turn + 1)
                ))
            return graph.feed(feed, TensorType(.scalar))
        }
    }
}

/// A scalar that the host computes before each step. It is a feed, so compiler passes do not treat it as a constant.
package struct HostScalar: Sendable {
    enum Source: Sendable {
        /// A function of the number of finished steps.
        case function(@Sendable (Int) -> Double)
        /// An optimizer's scalar for update `turn`, counted from 0, of the updates of `owner` in a step.
        case optimizer(any Optimizer, index: Int, owner: String, turn: Int, updatesPerStep: Int)
    }

    package let feed: String
    private var source: Source

    init(feed: String, source: Source) {
        self.feed = feed
        self.source = source
    }

    /// Sets the number of updates of `owner` in a step.
    fileprivate mutating func count(updates: Int, of owner: String) {
        guard case .optimizer(let optimizer, let index, owner, let turn, _) = source else { return }
        source = .optimizer(
            optimizer, index: index, owner: owner, turn: turn, updatesPerStep: updates)
    }

    /// The value for the step that follows `step` finished ones.
    func value(step: Int) -> Float { Float(exactValue(step: step)) }

    package func exactValue(step: Int) -> Double {
        switch source {
        case .function(let value): value(step)
        case .optimizer(let optimizer, let index, _, let turn, let updatesPerStep):
            optimizer.scalarValue(
                index, update: step * updatesPerStep + turn + 1, step: step)
        }
    }
}
