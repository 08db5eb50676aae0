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
    /// under `nohup`, SIGHUP. Before ``begin()`` they end the process as they would without this, also where whoever
    /// started it made it ignore them: there is nothing to save. After it the first one asks to stop, and a second one
    /// ends the process at once; but for SIGHUP, of which a terminal that is closed sends two.
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
        let hasWork = Interrupt.hasWork.load(ordering: .relaxed)
        signal(number, hasWork && number == SIGHUP ? SIG_IGN : SIG_DFL)
        // Delivered when this returns; a shell that runs several commands sees that this one was interrupted.
        if !hasWork { raise(number) }
        Interrupt.requested.store(true, ordering: .relaxed)
    }

    private static func isIgnored(_ before: @convention(c) (Int32) -> Void) -> Bool {
        unsafeBitCast(before, to: Int.self) == 1
    }
}
