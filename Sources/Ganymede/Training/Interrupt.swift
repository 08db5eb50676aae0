import Glibc
import Synchronization

/// Turns Ctrl-C into a flag that the training loop checks between steps.
public enum Interrupt {
    private static let requested = Atomic<Bool>(false)
    private static let hasWork = Atomic<Bool>(false)

    /// Whether the user has asked to stop.
    public static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Ignores SIGPIPE, so that a run survives a closed output pipe. Handles SIGINT, SIGTERM and, unless it is ignored
    /// as under `nohup`, SIGHUP. Before ``begin()`` there is nothing to save: the signals end the process, even if the
    /// parent process had set SIGINT or SIGTERM to be ignored. After it the first signal asks to stop, and a second one
    /// ends the process at once; a second SIGHUP is ignored, because closing a terminal sends two.
    public static func install() {
        signal(SIGPIPE, SIG_IGN)
        // Initialize both here: a signal handler must not be the first to access them.
        _ = (requested.load(ordering: .relaxed), hasWork.load(ordering: .relaxed))
        for number in [SIGINT, SIGTERM] { signal(number, handler) }
        if signal(SIGHUP, handler).map(isIgnored) ?? false { signal(SIGHUP, SIG_IGN) }
    }

    /// Call when there is something to save.
    public static func begin() { hasWork.store(true, ordering: .relaxed) }

    private static let handler: @convention(c) (Int32) -> Void = { number in
        let hasWork = Interrupt.hasWork.load(ordering: .relaxed)
        signal(number, hasWork && number == SIGHUP ? SIG_IGN : SIG_DFL)
        // Delivered when the handler returns, so that a shell running several commands sees the interrupt.
        if !hasWork { raise(number) }
        Interrupt.requested.store(true, ordering: .relaxed)
    }

    private static func isIgnored(_ before: @convention(c) (Int32) -> Void) -> Bool {
        unsafeBitCast(before, to: Int.self) == 1
    }
}
