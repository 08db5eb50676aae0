/// The number format of computations.
public enum Precision: String, Codable, Sendable, CaseIterable {
    /// `f32` or `bf16`, whichever is expected to be faster for this processor, these networks and this batch. The
    /// choice is recorded in the run's plan.
    case auto
    /// 32-bit floats.
    case f32
    /// Activations and the operands of matrix products in bfloat16, weights and all sums in 32 bits.
    case bf16
}

/// What happens when a step makes NaN or infinity.
public enum NonFiniteResponse: String, Codable, Sendable, CaseIterable {
    /// The run ends; the last checkpoint is kept.
    case stop
    /// The run goes back to its last checkpoint and on with half the learning rates, three times at most.
    case rollback
}

/// All settings of a training run except the networks and the data.
public struct TrainingConfig: Codable, Equatable, Sendable {
    /// Images in a batch.
    public var batch: Int
    /// Training steps.
    public var steps: Int
    /// Random seed, not negative.
    public var seed: Int
    /// CPU threads, at most the number of processors. The exact bits of results depend on it.
    public var threads: Int
    /// The number format of computations.
    public var precision: Precision
    /// The backend that runs the programs.
    public var backend: BackendKind
    /// Steps between grids of samples.
    public var sampleEvery: Int
    /// Steps between checkpoints.
    public var checkpointEvery: Int
    /// Rows and columns of a grid of samples.
    public var grid: [Int]
    /// Steps in an epoch; nil for a pass over the data.
    public var epochSteps: Int?
    /// Steps that are sampled regardless of `sampleEvery`, and shown side by side in `milestones.png`.
    public var milestones: [Int]
    /// Whether a line is printed for each grid of samples, with the accuracies since the last one.
    public var announceSamples: Bool
    /// Steps between evaluations; nil for none.
    public var metricsEvery: Int?
    /// Images for each evaluation.
    public var metricsSamples: Int
    /// Steps between measurements of the run's health; 0 for none, nil for a fiftieth of the run and at least 100.
    public var healthEvery: Int? = nil
    /// The newest checkpoints that are kept, besides the best one and those of milestones; 0 for all.
    public var keep: Int = 3
    /// What happens when a step makes NaN or infinity.
    public var onNan: NonFiniteResponse = .stop
    /// How often the run went back to a checkpoint after NaN or infinity, each time with half the learning rates; nil for
    /// never.
    public internal(set) var rollbacks: Int? = nil
    /// The seconds of training that the number of steps was chosen for; nil if it was given as such.
    public var duration: Double? = nil

    /// A configuration. By default there are as many threads as processors.
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
        // Older runs lack these options.
        backend = try container.decodeIfPresent(BackendKind.self, forKey: .backend) ?? .cpu
        milestones = try container.decodeIfPresent([Int].self, forKey: .milestones) ?? []
        announceSamples =
            try container.decodeIfPresent(Bool.self, forKey: .announceSamples) ?? false
        metricsEvery = try container.decodeIfPresent(Int.self, forKey: .metricsEvery)
        metricsSamples = try container.decodeIfPresent(Int.self, forKey: .metricsSamples) ?? 5000
        healthEvery = try container.decodeIfPresent(Int.self, forKey: .healthEvery)
        // Runs of the version before kept all.
        keep = try container.decodeIfPresent(Int.self, forKey: .keep) ?? 0
        onNan = try container.decodeIfPresent(NonFiniteResponse.self, forKey: .onNan) ?? .stop
        rollbacks = try container.decodeIfPresent(Int.self, forKey: .rollbacks)
        duration = try container.decodeIfPresent(Double.self, forKey: .duration)
    }

    /// Whether samples are saved after a step.
    func isSampled(_ step: Int) -> Bool { step % sampleEvery == 0 || milestones.contains(step) }

    /// Whether a checkpoint is saved after a step.
    func isSaved(_ step: Int) -> Bool { step % checkpointEvery == 0 || milestones.contains(step) }
}
