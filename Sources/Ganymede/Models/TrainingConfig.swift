/// What the arithmetic is done in.
public enum Precision: String, Codable, Sendable, CaseIterable {
    /// What should be the faster one of the others for this processor, these networks and this batch; the choice is
    /// recorded in the run's plan.
    case auto
    /// 32-bit floats.
    case f32
    /// Activations and the operands of products in 16 bits, weights and all sums in 32.
    case bf16
}

/// How long, how large and how often: everything of a training run but the networks and the data.
public struct TrainingConfig: Codable, Equatable, Sendable {
    /// Images in a batch.
    public var batch: Int
    /// Rounds of the schedule.
    public var steps: Int
    /// Random seed, not negative.
    public var seed: Int
    /// CPU threads, fewer where there are not as many processors. The bits of a result depend on them.
    public var threads: Int
    /// What the arithmetic is done in.
    public var precision: Precision
    /// What runs the programs.
    public var backend: BackendKind
    /// Steps between grids of samples.
    public var sampleEvery: Int
    /// Steps between checkpoints.
    public var checkpointEvery: Int
    /// Rows and columns of a grid of samples.
    public var grid: [Int]
    /// Steps in what is called an epoch; nil for a pass over the data.
    public var epochSteps: Int?
    /// Steps that are sampled whatever `sampleEvery` says, and shown side by side in `milestones.png`.
    public var milestones: [Int]
    /// Whether each grid of samples is announced on standard output with the accuracies since the last.
    public var announceSamples: Bool
    /// Steps between evaluations; nil for none.
    public var metricsEvery: Int?
    /// Images that each of them is computed from.
    public var metricsSamples: Int

    /// A run; as many threads as the machine has processors unless said.
    public init(
        batch: Int = 128, steps: Int = 6400, seed: Int = 0, threads: Int = Machine.processors,
        precision: Precision = .auto, backend: BackendKind = .cpu, sampleEvery: Int = 200,
        checkpointEvery: Int = 5000,
        grid: [Int] = [5, 5], epochSteps: Int? = nil, milestones: [Int] = [],
        announceSamples: Bool = false, metricsEvery: Int? = nil, metricsSamples: Int = 5000
    ) {
        self.batch = batch
        self.steps = steps
        self.seed = seed
        self.threads = threads
        self.precision = precision
        self.backend = backend
        self.sampleEvery = sampleEvery
        self.checkpointEvery = checkpointEvery
        self.grid = grid
        self.epochSteps = epochSteps
        self.milestones = milestones
        self.announceSamples = announceSamples
        self.metricsEvery = metricsEvery
        self.metricsSamples = metricsSamples
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        batch = try container.decode(Int.self, forKey: .batch)
        steps = try container.decode(Int.self, forKey: .steps)
        seed = try container.decode(Int.self, forKey: .seed)
        threads = try container.decode(Int.self, forKey: .threads)
        precision = try container.decode(Precision.self, forKey: .precision)
        sampleEvery = try container.decode(Int.self, forKey: .sampleEvery)
        checkpointEvery = try container.decode(Int.self, forKey: .checkpointEvery)
        grid = try container.decode([Int].self, forKey: .grid)
        epochSteps = try container.decodeIfPresent(Int.self, forKey: .epochSteps)
        // Runs older than these options do without them.
        backend = try container.decodeIfPresent(BackendKind.self, forKey: .backend) ?? .cpu
        milestones = try container.decodeIfPresent([Int].self, forKey: .milestones) ?? []
        announceSamples =
            try container.decodeIfPresent(Bool.self, forKey: .announceSamples) ?? false
        metricsEvery = try container.decodeIfPresent(Int.self, forKey: .metricsEvery)
        metricsSamples = try container.decodeIfPresent(Int.self, forKey: .metricsSamples) ?? 5000
    }

    /// Whether a grid of samples is made after a step.
    func isSampled(_ step: Int) -> Bool { step % sampleEvery == 0 || milestones.contains(step) }
}
