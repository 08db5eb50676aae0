/// Images per second over about the last second, excluding pauses for files.
struct RateClock {
    let batch: Int
    private var lastTick = Machine.seconds()
    private(set) var secondsPerStep = 0.0
    private var steps = 0

    init(batch: Int) { self.batch = batch }

    var imagesPerSecond: Double { secondsPerStep > 0 ? Double(batch) / secondsPerStep : 0 }

    /// Seconds since the last tick.
    mutating func tick() -> Double {
        let now = Machine.seconds()
        let passed = now - lastTick
        lastTick = now
        steps += 1
        // An exponential moving average with a time constant of one second; a plain mean over the first steps.
        let weight = max(1 / Double(steps), min(passed, 1))
        secondsPerStep += (passed - secondsPerStep) * weight
        return passed
    }

    mutating func skipPause() { lastTick = Machine.seconds() }
}
