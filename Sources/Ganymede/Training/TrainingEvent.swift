/// Events of a ``Trainer``.
public enum TrainingEvent: Sendable {
    /// Pictures are being decoded: `done` of `of`.
    case loading(done: Int, of: Int)
    /// A message for the user; training continues.
    case note(String)
    /// The folder has been made; the first step is next.
    case started(TrainingStart)
    /// A step is finished.
    case step(StepReport, secondsLeft: Double)
    /// An evaluation is running; the text describes its current work.
    case evaluating(String)
    /// An evaluation after this step is finished. `missing` says which metrics are missing, and why.
    case evaluated(StepReport, isBest: Bool, missing: [String])
    /// A measurement shows that something is wrong with the run; training continues.
    case ailing(Verdict)
    /// A person steered the run: see ``RunControl``.
    case steered(RunEvent)
    /// A grid of samples has been saved: its path inside the run's folder, and the mean accuracies since the last grid.
    case sampled(StepReport, path: String, MeanAccuracy)
    /// A checkpoint has been saved.
    case saved(step: Int)
}

/// The configuration of a run that starts.
public struct TrainingStart: Sendable {
    /// All options, with the actual number of threads.
    public let options: RunOptions
    /// Steps in an epoch.
    public let epochSteps: Int
    /// Why there are fewer threads than requested; nil if there are not.
    public let fewerThreads: String?
    /// The storage format of tensors.
    public let precision: StoragePrecision
    /// The run's folder.
    public let directory: RunDirectory
    /// Processes that train it together.
    public let ranks: Int
    /// What they talk through, such as Open MPI's version; nil for a single one.
    public let library: String?
}
