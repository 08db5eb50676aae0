/// Measures the time of training steps on the embedded data.
public final class Benchmark {
    private let options: RunOptions
    private let session: TrainingSession

    /// Compiles the training step and initializes the weights.
    public convenience init(_ options: RunOptions) throws {
        try self.init(options, communicator: nil)
    }

    /// The same for a step on several ranks. Each measures.
    package init(_ options: RunOptions, communicator: (any Communicator)?) throws {
        self.options = options
        try communicator.map { try options.checkShares(among: $0.count) }
        let dataset = try Benchmark.images(options)
        session = try EngineThread.run {
            let session = try TrainingSession(options, dataset, communicator: communicator)
            try session.initialize(from: nil)
            return session
        }
    }

    /// The embedded images, or computed points. If images must be resized, only some are used, because resizing all
    /// takes longer than measuring; they still exceed the processor's caches.
    private static func images(_ options: RunOptions) throws -> Dataset {
        let all = try options.source.arrays(.standard)
        if all.extent == options.gan.extent { return all }
        let some = min(max(options.training.batch, 4096), all.count)
        return try all.picking(Array(0..<some)).resized(to: options.gan.extent)
    }

    /// Step times in milliseconds.
    public struct Result: Sendable {
        let options: RunOptions
        let precision: StoragePrecision
        /// Ascending.
        let milliseconds: [Double]
        let peakMemory: Double

        private var median: Double { quantile(0.5, ofAscending: milliseconds) ?? 0 }
        private var slow: Double { quantile(0.95, ofAscending: milliseconds) ?? 0 }
        private var rate: Double { Double(options.training.batch) * 1000 / median }

        /// One JSON object.
        public var json: String {
            let training = options.training
            return
                "{\"preset\":\"\(options.preset ?? "")\",\"precision\":\"\(precision.rawValue)\",\"batch\":\(training.batch)"
                + ",\"threads\":\(training.threads),\"steps\":\(milliseconds.count)"
                + ",\"median_ms\":\(fixed(median, 4)),\"min_ms\":\(fixed(milliseconds[0], 4))"
                + ",\"mean_ms\":\(fixed(mean(milliseconds), 4)),\"p95_ms\":\(fixed(slow, 4))"
                + ",\"images_per_second\":\(fixed(rate, 1))"
                + ",\"peak_rss_mib\":\(fixed(peakMemory, 1))}"
        }

        /// One line of text.
        public var text: String {
            "\(options.preset ?? "")  batch \(options.training.batch)  \(precision.rawValue)  \(options.training.threads) threads  "
                + "median \(fixed(median, 2)) ms a step  (min \(fixed(milliseconds[0], 2)), "
                + "95 % below \(fixed(slow, 2)))  \(fixed(rate, 0)) images/s  "
                + "peak memory \(fixed(peakMemory, 0)) MiB"
        }
    }

    /// Measures the time of each step.
    public func measure() -> Result {
        EngineThread.run {
            let steps = options.training.steps
            let warmup = max(steps / 10, 5)
            var times: [Double] = []
            times.reserveCapacity(steps)
            for step in 0..<warmup + steps {
                let start = Machine.seconds()
                session.runUnchecked(step: step)
                if step >= warmup { times.append((Machine.seconds() - start) * 1000) }
            }
            return Result(
                options: options, precision: session.plan.precision, milliseconds: times.sorted(),
                peakMemory: Machine.peakMemory)
        }
    }

    /// The time of each kernel.
    func profileRows(steps: Int) -> [Profile.Row] {
        EngineThread.run { session.kernelTimes(steps: steps) }
    }

    /// The time of a step by kernel.
    public func profile() -> Profile {
        EngineThread.run {
            var peaks: [Peak] = []
            let rows = session.kernelTimes(steps: min(options.training.steps, 200)) {
                peaks.append(Peak.now())
            }
            return Profile(
                options: options, precision: session.plan.precision, rows: rows,
                peak: Peak(medianOf: peaks))
        }
    }
}
