/// Choices that the options leave open. They are recorded in `config.json` and every checkpoint, so that a resumed run,
/// and a new run from its `config.json`, compute in the same way.
public struct Plan: Codable, Equatable, Sendable {
    /// The storage format of a training step's values.
    package var precision: StoragePrecision

    package init(precision: StoragePrecision) { self.precision = precision }

    /// The plan of a new run: as the options say, or derived from processor, networks and batch where they leave it
    /// open. Nothing is timed, so the plan is reproducible.
    package init(_ options: RunOptions) throws {
        switch options.training.precision {
        case .f32: precision = .f32
        case .bf16: precision = .bf16
        case .auto: precision = Plan.suitsBFloat16(options) ? .bf16 : .f32
        }
        try check(options.training.backend)
    }

    /// The plan in a `config.json`; nil if it has none.
    public init?(file path: String) throws {
        struct Config: Decodable {
            let plan: Plan?
        }
        let content = try Files.read(path, limit: RunOptions.fileLimit)
        guard let plan = try JSON.decode(Config.self, from: content, quoted(path)).plan else {
            return nil
        }
        self = plan
    }

    /// Throws if this processor does not support it; `advice` says what to do instead.
    package func check(
        _ backend: BackendKind = .cpu, advice: Message = "Use \(option: "precision") f32"
    ) throws {
        if let fault = backend.fault(precision) {
            throw GanymedeError.unsupported("\(fault). \(advice)")
        }
    }

    /// Use bf16 from this many floating-point operations per parameter and step. Each parameter is read, updated and
    /// rounded once a step, in 32 bits, and with few operations per parameter bf16 does not make up for that. Measured:
    /// at 75 (`mlp` with a batch of 8) both are equally fast, at 150 bf16 is 1.2 times as fast, at 300 1.3 times.
    private static let leastOperations = 150.0

    private static func suitsBFloat16(_ options: RunOptions) -> Bool {
        guard options.training.backend.fault(.bf16) == nil, DNN.isBFloat16Fast else { return false }
        let batch = options.training.batch
        let graph = StepGraph(options.gan, batch: batch).graph
        let operations = graph.nodes.map { node in
            node.operation.flops(node.inputs.map(graph.type(of:)))
        }.reduce(0, +)
        let parameters =
            options.gan.generator.parameterCount + options.gan.discriminator.parameterCount
        guard operations >= leastOperations * Double(parameters) else { return false }
        // Networks that cannot be compiled for bf16 use f32.
        let small = StepGraph(options.gan, batch: min(batch, 8)).graph
        return (try? Program(small, store: StateStore(), precision: .bf16)) != nil
    }

    /// The plan as JSON.
    package var text: String { "{\"precision\":\"\(precision.rawValue)\"}" }
}
