import Foundation
import Synchronization

/// Steers a run from another thread while it trains: pauses it, runs single steps, changes options. Each command takes
/// effect between two steps, and becomes a ``RunEvent`` of the run.
/// ```swift
/// let control = RunControl()
/// trainer.control = control
/// control.send(.pause)
/// ```
public final class RunControl: Sendable {
    /// What the run is asked to do.
    public enum Command: Equatable, Sendable {
        /// Wait before the next step.
        case pause
        /// Go on.
        case resume
        /// One whole step; the run waits after it.
        case step
        /// One step of the discriminator alone; the run waits after it.
        case discriminatorStep
        /// One step of the generator alone; the run waits after it.
        case generatorStep
        /// Another value of an option, as for `--set`.
        case set(key: String, value: String)
    }

    private struct State {
        var waiting: [Command] = []
        var isPaused = false
        var isOver = false
        var options: RunOptions?
        var inspector: Inspector?
        var dataset: Dataset?
    }

    private let state = Mutex(State())
    private let changed = DispatchSemaphore(value: 0)
    /// Commands that may wait for the next step.
    private static let most = 256

    /// A control that nothing was asked of.
    public init() {}

    /// Whether the run waits for a command.
    public var isPaused: Bool { state.withLock { $0.isPaused } }
    /// Whether the run has ended.
    public var isOver: Bool { state.withLock { $0.isOver } }
    /// The options of the next step, with all changes so far; nil before the run has started.
    public var options: RunOptions? { state.withLock { $0.options } }
    /// A look into the networks as they are now; nil before the run has started.
    public var inspector: Inspector? { state.withLock { $0.inspector } }
    /// The training data; nil before the run has started.
    public var dataset: Dataset? { state.withLock { $0.dataset } }

    /// Asks the run to do something. Throws if the value of an option is not possible, if the run has ended or has not
    /// begun, or if too many commands wait.
    public func send(_ command: Command) throws {
        let (options, isOver) = state.withLock { ($0.options, $0.isOver) }
        guard let options, !isOver else {
            throw GanymedeError.unsupported(
                isOver ? "the run has ended" : "the run has not begun yet")
        }
        if case .set(let key, let value) = command { _ = try options.changed(key, to: value) }
        let isFull = state.withLock { state in
            if state.waiting.count >= RunControl.most { return true }
            state.waiting.append(command)
            return false
        }
        if isFull {
            throw GanymedeError.unsupported(
                "\(RunControl.most) commands wait for the end of a step already")
        }
        changed.signal()
    }

    /// The oldest command that waits; nil if there is none.
    func next() -> Command? {
        state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }

    /// Whether a command waits. Read before every step.
    var hasCommands: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// Waits for a command, for at most `seconds`.
    func wait(seconds: Double) { _ = changed.wait(timeout: .now() + seconds) }

    func begin(_ options: RunOptions, _ inspector: Inspector, _ dataset: Dataset) {
        state.withLock { state in
            (state.options, state.isOver) = (options, false)
            (state.inspector, state.dataset) = (inspector, dataset)
        }
    }

    func take(_ options: RunOptions) { state.withLock { $0.options = options } }

    func setPaused(_ isPaused: Bool) { state.withLock { $0.isPaused = isPaused } }

    /// Says that the run has ended.
    package func end() { state.withLock { ($0.isOver, $0.isPaused) = (true, false) } }
}
