/// The loop of every training: fill, run, report.
struct TrainingLoop {
    let runner: StepRunner
    /// Steps in total, those before this loop included.
    let steps: Int
    /// Images in a batch.
    let batch: Int

    /// What a step has just done.
    struct Progress {
        /// Finished steps, this one included.
        let step: Int
        /// Seconds of this loop so far, without those spent in `report`.
        let seconds: Double
        /// Over about the last second.
        let imagesPerSecond, secondsPerStep: Double
    }

    /// Runs the steps that follow `finished` ones.
    ///
    /// - Parameter report: told of each step after it; false stops.
    /// - Returns: the finished steps.
    @discardableResult
    func run(after finished: Int, report: (Progress) throws -> Bool) throws -> Int {
        var clock = RateClock(batch: batch * runner.step.batches)
        var seconds = 0.0
        for index in finished..<max(steps, finished) {
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

    private func nonFinite(_ index: Int) -> GanymedeError {
        let (step, tensor) = runner.firstNonFinite(upTo: index)
        return .nonFinite(
            step: step, tensor: tensor ?? "one that was finite when the step was repeated")
    }
}
