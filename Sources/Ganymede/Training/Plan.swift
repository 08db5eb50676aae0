/// What was chosen by measuring, and is kept so that a run which goes on is the same run.
package struct Plan: Codable, Equatable, Sendable {
    /// How the numbers of a training step lie in memory.
    package var precision: StoragePrecision

    package init(precision: StoragePrecision) { self.precision = precision }

    /// The plan of a new run: what the options say, or the faster one where they leave it open. On the engine's
    /// thread, which has its threads already.
    package init(_ options: RunOptions) throws {
        switch options.training.precision {
        case .f32: precision = .f32
        case .bf16: precision = .bf16
        case .auto: precision = try Plan.fasterPrecision(options)
        }
        try check()
    }

    /// Refuses what this processor cannot do.
    package func check() throws {
        if precision == .bf16 && !DNN.hasBFloat16 {
            throw GanymedeError.world(
                "bf16 needs a processor with avx512_bf16; oneDNN uses \(DNN.instructionSet) here. "
                    + "Use --precision f32")
        }
    }

    /// Times steps on small batches in both precisions, in turns: a fraction of a second. Large batches gain at least
    /// as much from the smaller type. With one thread, whose times other work on the machine changes least.
    private static func fasterPrecision(_ options: RunOptions) throws -> StoragePrecision {
        guard DNN.hasBFloat16 else { return .f32 }
        let step = TrainStep(options.gan, batch: min(options.training.batch, 16))
        let threads = EngineThread.threads
        EngineThread.threads = 1
        defer { EngineThread.threads = threads }
        var best: [StoragePrecision: Double] = [:]
        let programs = try StoragePrecision.allCases.map {
            ($0, try Program(step.graph, store: StateStore(), precision: $0))
        }
        for _ in 0..<5 {
            for (precision, program) in programs {
                let start = Machine.seconds()
                program.run()
                best[precision] = min(best[precision] ?? .infinity, Machine.seconds() - start)
            }
        }
        let (f32, bf16) = (best[.f32] ?? 0, best[.bf16] ?? .infinity)
        // Close calls go to the precise one.
        return bf16 < 0.95 * f32 ? .bf16 : .f32
    }

    /// As it stands in files.
    package var text: String { "{\"precision\":\"\(precision.rawValue)\"}" }
}

extension StoragePrecision: Codable {}
