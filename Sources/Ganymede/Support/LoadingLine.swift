import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Shows on standard error how far something is that takes a while: a line that is rewritten and goes away on
/// a terminal, a line now and then elsewhere. Standard output stays what the command was asked for.
public final class LoadingLine: Sendable {
    private struct State {
        var lastShown = Machine.seconds()
        var isOnScreen = false
    }

    private let what: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let interval: Double
    private let state = Mutex(State())

    /// A line that starts with `what`; shows nothing unless `isShown`, and nothing of what is done at once.
    public init(_ what: String, isShown: Bool = true) {
        self.what = what
        interval = isShown ? (isTerminal ? 0.2 : 5) : .infinity
    }

    /// Shows `done` of `total` if it is time to.
    public func show(_ done: Int, of total: Int) {
        show("\(done)/\(total)  \(progressBar(done, of: total))")
        if done == total { finish() }
    }

    /// Shows how much there is by now if it is time to.
    public func show(_ text: @autoclosure () -> String) {
        let now = Machine.seconds()
        state.withLock { state in
            guard now - state.lastShown >= interval else { return }
            state.lastShown = now
            state.isOnScreen = isTerminal
            put(isTerminal ? "\r\(what)  \(text())\u{1b}[K" : "\(what)  \(text())\n")
        }
    }

    /// Takes the line away.
    public func finish() {
        state.withLock { state in
            if state.isOnScreen { put("\r\u{1b}[K") }
            state.isOnScreen = false
        }
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
