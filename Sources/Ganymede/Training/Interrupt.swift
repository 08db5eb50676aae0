import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ctrl-C as a question that the loop asks between steps.
public enum Interrupt {
    private static let requested = Atomic<Bool>(false)
    private static let hasWork = Atomic<Bool>(false)

    /// Whether the user has asked to stop.
    public static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Lets a run go on when nobody reads its output any more, and takes SIGINT, SIGTERM and, unless it is ignored as
    /// under `nohup`, SIGHUP. Before ``begin()`` they end the process with code 128 and the signal's number: there is
    /// nothing to save. After it the first one asks to stop, and a second one ends the process at once.
    public static func install() {
        signal(SIGPIPE, SIG_IGN)
        // A handler must not be the first to look at them.
        _ = (requested.load(ordering: .relaxed), hasWork.load(ordering: .relaxed))
        for number in [SIGINT, SIGTERM] { signal(number, handler) }
        if signal(SIGHUP, handler).map(isIgnored) ?? false { signal(SIGHUP, SIG_IGN) }
    }

    /// From here on there is something to save.
    public static func begin() { hasWork.store(true, ordering: .relaxed) }

    private static let handler: @convention(c) (Int32) -> Void = { number in
        if !Interrupt.hasWork.load(ordering: .relaxed) { _exit(128 + number) }
        Interrupt.requested.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
    }

    private static func isIgnored(_ before: @convention(c) (Int32) -> Void) -> Bool {
        unsafeBitCast(before, to: Int.self) == 1
    }
}
