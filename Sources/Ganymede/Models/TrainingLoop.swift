/// The training loop: fill the batch, run the step, report.
public struct TrainingLoop {
    /// The step that is run.
    public let runner: StepRunner
    /// Steps in total, those before this loop included.
    public let steps: Int

    /// How long the loop holds the engine before other threads get a turn, in seconds.
    private static let secondsOfEngine = 0.02

    /// A loop of `steps` steps.
    public init(_ runner: StepRunner, steps: Int) {
        self.runner = runner
        self.steps = steps
    }

    /// Progress after a step.
    public struct Progress: Sendable {
        /// Finished steps, this one included.
        public let step: Int
        /// Seconds of this loop so far, without those spent in `report`.
        public let seconds: Double
        /// Averages over about the last second.
        public let imagesPerSecond, secondsPerStep: Double
    }

    /// Runs the steps that follow `finished` ones. Throws ``GanymedeError/nonFinite(step:tensor:checkpoint:)`` at the
    /// first NaN or infinity.
    ///
    /// - Parameters:
    ///   - finished: steps that were run before.
    ///   - prepare: called before each step with the number of finished ones; returns false to stop. The time that it
    ///     takes is not counted.
    ///   - report: called after each step; returns false to stop.
    /// - Returns: the number of finished steps.
    @discardableResult
    public func run(
        after finished: Int = 0, prepare: (Int) throws -> Bool = { _ in true },
        report: (Progress) throws -> Bool
    ) throws -> Int {
        try EngineThread.run {
            var clock = RateClock(batch: runner.batch * runner.step.batches)
            var (seconds, nextPause) = (0.0, 0.0)
            for index in finished..<max(steps, finished) {
                if seconds >= nextPause {
                    EngineThread.letOthersRun()
                    nextPause = seconds + TrainingLoop.secondsOfEngine
                }
                guard try prepare(index) else { return index }
                clock.skipPause()
                runner.keepSnapshot(before: index)
                runner.fill(index)
                guard runner.run() else { throw nonFinite(index) }
                seconds += clock.tick()
                let progress = Progress(
                    step: index + 1, seconds: seconds, imagesPerSecond: clock.imagesPerSecond,
                    secondsPerStep: clock.secondsPerStep)
                if try !report(progress) { return index + 1 }
            }
            return max(steps, finished)
        }
    }

    private func nonFinite(_ index: Int) -> GanymedeError {
        let (step, tensor) = runner.firstNonFinite(upTo: index)
        return .nonFinite(
            step: step, tensor: tensor ?? "one that was finite when the step was repeated")
    }
}
