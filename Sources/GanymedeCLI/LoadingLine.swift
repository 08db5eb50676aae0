import Ganymede
import Glibc
import Synchronization

/// A progress line on standard error. A terminal shows one line that is rewritten and finally removed; elsewhere a new
/// line is printed every 5 seconds. Standard output is not touched.
final class LoadingLine: Sendable {
    private struct State {
        var lastShown = Machine.seconds()
        var isOnScreen = false
    }

    private let what: String
    private let isTerminal = Terminal.of(STDERR_FILENO).columns != nil
    private let interval: Double
    private let state = Mutex(State())

    /// A line that starts with `what`. Shows nothing unless `isShown`, and nothing for work that ends at once.
    init(_ what: String, isShown: Bool = true) {
        self.what = what
        interval = isShown ? (isTerminal ? 0.2 : 5) : .infinity
    }

    /// Shows `done` of `total`, unless the last update was too recent.
    func show(_ done: Int, of total: Int) {
        show("\(done)/\(total)  \(progressBar(done, of: total))")
        if done == total { finish() }
    }

    /// Shows `text`, unless the last update was too recent.
    func show(_ text: @autoclosure () -> String) {
        let now = Machine.seconds()
        state.withLock { state in
            guard now - state.lastShown >= interval else { return }
            state.lastShown = now
            state.isOnScreen = isTerminal
            let terminal = Terminal.of(STDERR_FILENO)
            let line = terminal.readable("\(what)  \(text())")
            // A line that wraps could not be rewritten.
            let part = line.prefix(max((terminal.columns ?? 81) - 1, 0))
            put(isTerminal ? "\r\(part)\u{1b}[K" : "\(line)\n")
        }
    }

    /// Removes the line.
    func finish() {
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
