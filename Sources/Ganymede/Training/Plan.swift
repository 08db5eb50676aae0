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

    /// Refuses what this processor cannot do, with what to do instead.
    package func check(advice: String = "Use --precision f32") throws {
        if precision == .bf16 && !DNN.hasBFloat16 {
            throw GanymedeError.world(
                "bf16 needs a processor with avx512_bf16; oneDNN uses \(DNN.instructionSet) here. "
                    + advice)
        }
    }

    /// Times steps on small batches in both precisions, in turns, for a fraction of a second (one round, where that is
    /// longer). Large batches gain at least as much from the smaller type. With one thread, whose times other work on
    /// the machine changes least.
    private static func fasterPrecision(_ options: RunOptions) throws -> StoragePrecision {
        guard DNN.hasBFloat16 else { return .f32 }
        let step = TrainStep(options.gan, batch: min(options.training.batch, 8))
        let threads = EngineThread.threads
        EngineThread.threads = 1
        defer { EngineThread.threads = threads }
        let wide = try Program(step.graph, store: StateStore(), precision: .f32)
        // A network that cannot be computed in bf16 is one for f32.
        guard let narrow = try? Program(step.graph, store: StateStore(), precision: .bf16) else {
            return .f32
        }
        let programs = [(StoragePrecision.f32, wide), (.bf16, narrow)]
        var best: [StoragePrecision: Double] = [:]
        let begin = Machine.seconds()
        for round in 0..<5 where round == 0 || Machine.seconds() - begin < 0.3 {
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
