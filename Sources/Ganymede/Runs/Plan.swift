/// What the options leave open and the run then keeps: recorded in `config.json` and every checkpoint, so that a resumed
/// run, and a new one from its `config.json`, are computed in the same way.
public struct Plan: Codable, Equatable, Sendable {
    /// How the numbers of a training step lie in memory.
    package var precision: StoragePrecision

    package init(precision: StoragePrecision) { self.precision = precision }

    /// The plan of a new run: what the options say, or what follows from processor, networks and batch where they leave
    /// it open. Nothing is timed, so that equal runs are equal.
    package init(_ options: RunOptions) throws {
        switch options.training.precision {
        case .f32: precision = .f32
        case .bf16: precision = .bf16
        case .auto: precision = Plan.suitsBFloat16(options) ? .bf16 : .f32
        }
        try check(options.training.backend)
    }

    /// The plan that a `config.json` records; nil where there is none.
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

    /// Refuses what this processor cannot do, with what to do instead.
    package func check(
        _ backend: BackendKind = .cpu, advice: Message = "Use \(option: "precision") f32"
    ) throws {
        if let fault = backend.fault(precision) {
            throw GanymedeError.unsupported("\(fault). \(advice)")
        }
    }

    /// Floating-point operations in a step for each parameter, from which on the smaller type pays. Each parameter is
    /// read, updated and rounded once a step, in 32 bits; products of few numbers with it do not make up for that.
    /// Measured: at 75 (`mlp` with a batch of 8) both are as fast, at 150 bf16 is 1.2, at 300 1.3 times as fast.
    private static let leastOperations = 150.0

    private static func suitsBFloat16(_ options: RunOptions) -> Bool {
        guard options.training.backend.fault(.bf16) == nil else { return false }
        let batch = options.training.batch
        let graph = StepGraph(options.gan, batch: batch).graph
        let operations = graph.nodes.map { node in
            node.operation.flops(node.inputs.map(graph.type(of:)))
        }.reduce(0, +)
        let parameters =
            options.gan.generator.parameterCount + options.gan.discriminator.parameterCount
        guard operations >= leastOperations * Double(parameters) else { return false }
        // A network that cannot be computed in bf16 is one for f32.
        let small = StepGraph(options.gan, batch: min(batch, 8)).graph
        return (try? Program(small, store: StateStore(), precision: .bf16)) != nil
    }

    /// As it stands in files.
    package var text: String { "{\"precision\":\"\(precision.rawValue)\"}" }
}
