/// What a ``Trainer`` tells while it trains.
public enum TrainingEvent: Sendable {
    /// Pictures are being read: so many of all.
    case loading(done: Int, of: Int)
    /// Something that a person should know; the training goes on.
    case note(String)
    /// The folder is there, and the first step comes next.
    case started(TrainingStart)
    /// A step has been made.
    case step(StepReport, secondsLeft: Double)
    /// An evaluation is doing something that takes a while.
    case evaluating(String)
    /// The step of this report has been evaluated. The reasons say which metrics are missing, and why.
    case evaluated(StepReport, isBest: Bool, missing: [String])
    /// A grid of samples is on the disk: its path inside the run's folder, and the mean accuracies since the last grid.
    case sampled(StepReport, path: String, MeanAccuracy)
    /// A checkpoint is on the disk.
    case saved(step: Int)
}

/// What is about to be trained, and on what.
public struct TrainingStart: Sendable {
    /// All of its options, with the threads that there really are.
    public let options: RunOptions
    /// Steps in an epoch.
    public let epochSteps: Int
    /// Why there are fewer threads than were asked for; nil where there are not.
    public let fewerThreads: String?
    /// What tensors are stored in.
    public let precision: StoragePrecision
    /// The run's folder.
    public let directory: RunDirectory
}
