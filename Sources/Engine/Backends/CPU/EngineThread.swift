import CKernels
import COneDNN

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The right to compile and run programs, which one thread of the process has at a time, and with it the team of threads
/// that share out the work of each kernel.
public enum EngineThread {
    /// Runs `body` on the calling thread, as soon as no other thread is in such a call. To compile a program takes a
    /// stack of 512 KiB or more, as every thread has that nobody made a smaller one for.
    public static func run<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if isCurrent { return try body() }
        EngineLock.shared.lock()
        gk_take_team()
        defer {
            gk_give_team()
            EngineLock.shared.unlock()
        }
        return try body()
    }

    /// Whether the caller is inside ``run(_:)``.
    package static var isCurrent: Bool { gk_has_team() }

    /// Stops a caller that is not inside ``run(_:)``.
    package static func assertCurrent() {
        if !isCurrent {
            misuse("kernels run on one thread at a time: wrap the call in EngineThread.run")
        }
    }

    /// Runs `body` while the calling thread gets no signals: they come when it is done. oneDNN's routine for
    /// products, `gemm:jit`, lets the stack pointer point into the heap, and the frame of a signal's handler would
    /// overwrite what lies below. The other threads of the team never get any.
    static func withoutSignals<Result>(_ body: () -> Result) -> Result {
        var before = sigset_t()
        withUnsafePointer(to: heldSignals) { _ = pthread_sigmask(SIG_BLOCK, $0, &before) }
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return body()
    }

    /// All but those that a thread's own mistake raises.
    private static let heldSignals = {
        var signals = sigset_t()
        sigfillset(&signals)
        for mistake in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
            sigdelset(&signals, mistake)
        }
        return signals
    }()

    /// The threads of the team. Set to more than there can be, it becomes what there can be; ``ThreadLimit`` says what
    /// that is. Programs keep the number that they were compiled for.
    public static var threads: Int {
        get { run { Int(gk_threads()) } }
        set {
            run {
                _ = gk_set_threads(Int32(clamping: min(max(newValue, 1), ThreadLimit.processors)))
            }
        }
    }
}

/// How many threads there can be.
public enum ThreadLimit {
    /// Processors that this process may use.
    public static let processors = max(Int(gk_processors()), 1)

    /// Threads that `OMP_THREAD_LIMIT` allows.
    static let environment = Int(gk_thread_limit())

    /// What keeps `wanted` threads from being more than `found`, for a person; nil where nothing does.
    public static func reason(wanted: Int, found: Int) -> String? {
        if found >= wanted { return nil }
        if processors <= found {
            return "this process may use \(processors) processor\(processors == 1 ? "" : "s")"
        }
        if environment <= found { return "OMP_THREAD_LIMIT is \(environment)" }
        return "the system starts no more"
    }
}

/// A lock that lives as long as the process.
private final class EngineLock: @unchecked Sendable {
    static let shared = EngineLock()

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    private init() {
        pthread_mutex_init(mutex, nil)
        gk_select_isa(Int32(gdn_effective_isa().rawValue))
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
}
