/// The loop of every training: fill, run, report.
public struct TrainingLoop {
    /// What is trained.
    public let runner: StepRunner
    /// Steps in total, those before this loop included.
    public let steps: Int

    /// How long the loop keeps the engine from other threads, in seconds.
    private static let secondsOfEngine = 0.02

    /// A loop of `steps` steps.
    public init(_ runner: StepRunner, steps: Int) {
        self.runner = runner
        self.steps = steps
    }

    /// What a step has just done.
    public struct Progress: Sendable {
        /// Finished steps, this one included.
        public let step: Int
        /// Seconds of this loop so far, without those spent in `report`.
        public let seconds: Double
        /// Over about the last second.
        public let imagesPerSecond, secondsPerStep: Double
    }

    /// Runs the steps that follow `finished` ones. A step that makes NaN or infinity throws
    /// ``GanymedeError/nonFinite(step:tensor:checkpoint:)``.
    ///
    /// - Parameter report: told of each step after it; false stops.
    /// - Returns: the finished steps.
    @discardableResult
    public func run(
        after finished: Int = 0, report: (Progress) throws -> Bool
    ) throws -> Int {
        try EngineThread.run {
            var clock = RateClock(batch: runner.batch * runner.step.batches)
            var (seconds, nextPause) = (0.0, 0.0)
            for index in finished..<max(steps, finished) {
                if seconds >= nextPause {
                    EngineThread.letOthersRun()
                    nextPause = seconds + TrainingLoop.secondsOfEngine
                }
                runner.keepSnapshot(before: index)
                runner.fill(index)
                guard runner.run() else { throw nonFinite(index) }
                seconds += clock.tick()
                let progress = Progress(
                    step: index + 1, seconds: seconds, imagesPerSecond: clock.imagesPerSecond,
                    secondsPerStep: clock.secondsPerStep)
                if try !report(progress) { return index + 1 }
                clock.skipPause()
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
