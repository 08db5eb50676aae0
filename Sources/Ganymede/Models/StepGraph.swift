/// A training step as one graph: noise, forward passes, losses, gradients and updates.
public struct StepGraph: Sendable {
    /// The graph to compile.
    public private(set) var graph: Graph
    /// Every variable of the run, optimizer slots included.
    public let variables: [Variable]
    /// Scalars that the host computes for each step.
    package let hostScalars: [HostScalar]
    /// The number of batches that a step reads.
    public let batches: Int
    /// Whether it reads their labels.
    public let readsLabels: Bool
    /// Values that every step of a GAN reports; empty for other models.
    let reports: StepReports
    /// Other reported values, by name.
    package let results: [ResultHandle]
    /// The graph of the steps between those with regularizers, if these are lazy: the same variables and batches.
    package private(set) var between: Between?

    /// A second program for most steps.
    package struct Between: Sendable {
        package let graph: Graph
        let hostScalars: [HostScalar]
        /// Every n-th step, from the first on, is the one with regularizers.
        let interval: Int
    }

    /// The step of `gan` on batches of `batch` real images.
    public init(_ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness = .philox) {
        self.init(gan, batch: batch, randomness: randomness, reportsGradients: false)
    }

    /// The step that also reports every gradient, as `gradient.PASS.VARIABLE`.
    package init(
        reportingGradientsOf gan: GAN, batch: Int, randomness: GraphBuilder.Randomness
    ) {
        self.init(gan, batch: batch, randomness: randomness, reportsGradients: true)
    }

    /// The step of `gan` that updates one network alone: nothing that belongs to the other one changes.
    init(_ gan: GAN, batch: Int, only player: StepBuilder.Player) {
        var single = gan
        single.regularizerInterval = 1
        self.init(
            single, batch: batch, randomness: .philox, reportsGradients: false, part: .only(player))
        let other = player == .generator ? gan.discriminator : gan.generator
        graph.outputs.removeAll { $0.role == .state && $0.name.hasPrefix("\(other.name).") }
    }

    private init(
        _ gan: GAN, batch: Int, randomness: GraphBuilder.Randomness, reportsGradients: Bool,
        part: StepPart = .whole
    ) {
        func build(regularizerScale: Double) -> StepBuilder {
            let step = StepBuilder(
                gan, batch: batch, randomness: randomness, regularizerScale: regularizerScale,
                part: part)
            step.reportsGradients = reportsGradients
            gan.step.build(step)
            step.averageGenerator()
            return step
        }
        let interval = gan.regularizers.isEmpty ? 1 : gan.regularizerInterval
        let step = build(regularizerScale: Double(interval))
        let reports = step.reports
        if reports.dLoss == nil || reports.gLoss == nil {
            misuse(
                "the step \"\(type(of: gan.step).kind)\" has to report the losses of both networks: "
                    + "report(discriminator:real:fake:) and report(generator:fake:)")
        }
        self.init(step, reports)
        if interval > 1 {
            let plain = build(regularizerScale: 0)
            between = Between(
                graph: plain.graph.graph, hostScalars: plain.hostScalars, interval: interval)
        }
    }

    /// The step built with `update`, for models other than GANs.
    public init(_ update: UpdateBuilder) { self.init(update, StepReports()) }

    private init(_ update: UpdateBuilder, _ reports: StepReports) {
        graph = update.graph.graph
        variables = update.variables.declared
        hostScalars = update.hostScalars
        batches = update.batches
        readsLabels = update.readsLabels
        results = update.results
        self.reports = reports
    }
}

/// Which networks a step updates.
public enum StepPart: Sendable, Equatable {
    /// Both, as the training step says.
    case whole
    /// One alone. The other one's weights, statistics and optimizer state stay as they are.
    case only(StepBuilder.Player)

    func updates(_ player: StepBuilder.Player) -> Bool {
        if case .only(let one) = self { one == player } else { true }
    }
}
