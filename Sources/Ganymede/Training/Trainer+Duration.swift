extension Trainer {
    /// Fewer steps than this show nothing.
    private static let leastSteps = 100
    /// Steps are timed for this long, after a few that warm up.
    private static let secondsOfTiming = 1.5

    /// Chooses the number of steps for ``duration`` from the speed of the first ones, which are run on a copy of the
    /// state that is thrown away: the run is that of the same number of steps. Call on the engine's thread.
    mutating func fitDuration(_ dataset: Dataset) throws {
        guard let duration else { return }
        guard duration.isFinite, duration > 0, duration <= 30 * 86_400 else {
            throw GanymedeError.invalidOption(
                "\(option: "for") is above 0 and at most 30 days, not \(duration) seconds")
        }
        let session = try TrainingSession(options, dataset, plan: plan, communicator: communicator)
        try session.initialize(from: nil)
        for index in 0..<3 { session.runUnchecked(step: index) }
        let start = Machine.seconds()
        var count = 0
        func goesOn() -> Bool {
            let now = Machine.seconds() - start < min(Trainer.secondsOfTiming, duration / 4)
            return communicator?.decision(now) ?? now
        }
        while count < 5 || goesOn() {
            session.runUnchecked(step: 3 + count)
            count += 1
        }
        let measured = (Machine.seconds() - start) / Double(count)
        let secondsPerStep = communicator?.decision(measured) ?? measured
        let steps = Int(duration / secondsPerStep)
        guard steps >= Trainer.leastSteps else {
            throw GanymedeError.invalidOption(
                "\(duration.formatted) s are \(steps) steps of \((secondsPerStep * 1000).formatted) ms here, and less than \(Trainer.leastSteps) show nothing: take \(option: "for") \(Int((Double(Trainer.leastSteps) * secondsPerStep).rounded(.up)))s or more, or a smaller \(option: "batch")"
            )
        }
        options = options.fitted(to: steps, seconds: duration, keeping: keptIntervals)
        onEvent(
            .note(
                "\(duration.formatted) s of training: \(steps) steps of \((secondsPerStep * 1000).formatted) ms; schedules end with them"
            ))
    }
}

extension Double {
    /// With at most one digit after the point.
    fileprivate var formatted: String {
        self == rounded() && self < 1e9 ? "\(Int(self))" : fixed(self, 1)
    }
}
