import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ctrl-C as a question that the loop asks between steps.
public enum Interrupt {
    private static let requested = Atomic<Bool>(false)

    /// Whether the user has asked to stop.
    public static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Lets a run go on when nobody reads its output any more, and makes the first SIGINT or SIGTERM ask to stop; a second one ends the process at once.
    public static func install() {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupt.requested.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
