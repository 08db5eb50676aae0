import CKernels
import COneDNN
import Glibc

/// Exclusive access to the engine: one thread of the process at a time compiles and runs programs. It also holds the
/// thread team that each kernel runs on.
public enum EngineThread {
    /// Runs `body` on the calling thread, as soon as no other thread is in such a call. Compiling a program needs a
    /// stack of 512 KiB or more, which threads have unless they were created with a smaller one.
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

    /// Lets threads that wait for their ``run(_:)`` go first. For loops that would keep them waiting for hours.
    package static func letOthersRun() {
        assertCurrent()
        EngineLock.shared.handOver(before: { gk_give_team() }, after: { gk_take_team() })
    }

    /// Lets other threads use the engine while `body` runs.
    package static func release(during body: () -> Void) {
        assertCurrent()
        gk_give_team()
        EngineLock.shared.unlock()
        body()
        EngineLock.shared.lock()
        gk_take_team()
    }

    /// Whether the caller is inside ``run(_:)``.
    package static var isCurrent: Bool { gk_has_team() }

    /// Stops the process if the caller is not inside ``run(_:)``.
    package static func assertCurrent() {
        if !isCurrent {
            misuse("kernels run on one thread at a time: wrap the call in EngineThread.run")
        }
    }

    /// Runs `body` with signals blocked on the calling thread; they are delivered afterwards. oneDNN's routine for
    /// matrix products, `gemm:jit`, points the stack pointer into the heap, and the frame of a signal handler would
    /// overwrite the memory below it. The other threads of the team always block signals.
    static func withoutSignals<Result>(_ body: () -> Result) -> Result {
        var before = sigset_t()
        withUnsafePointer(to: heldSignals) { _ = pthread_sigmask(SIG_BLOCK, $0, &before) }
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return body()
    }

    /// All signals except those raised by a fault of the thread itself.
    private static let heldSignals = {
        var signals = sigset_t()
        sigfillset(&signals)
        for mistake in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
            sigdelset(&signals, mistake)
        }
        return signals
    }()

    /// The number of threads of the team. A value above the possible number is reduced to it; see ``ThreadLimit``.
    /// Programs keep the number that they were compiled for.
    public static var threads: Int {
        get { run { Int(gk_threads()) } }
        set {
            run {
                _ = gk_set_threads(Int32(clamping: min(max(newValue, 1), ThreadLimit.processors)))
            }
        }
    }

    /// Starts `wanted` threads, or as many as there can be, before anything is compiled for them.
    ///
    /// - Returns: the actual number, and why it is smaller; nil if it is not.
    public static func start(threads wanted: Int) -> (threads: Int, reason: String?) {
        threads = wanted
        let found = threads
        let reason = ThreadLimit.reason(wanted: wanted, found: found)
        return (found, reason.map { "\(wanted) asked for: \($0)" })
    }
}

/// Limits on the number of threads.
public enum ThreadLimit {
    /// Processors that this process may use, a container's share among them.
    public static let processors = max(
        min(Int(gk_processors()), ProcessorQuota.processors() ?? .max), 1)

    /// Threads that `OMP_THREAD_LIMIT` allows.
    static let environment = Int(gk_thread_limit())

    /// Why there are only `found` threads instead of `wanted`, as text for the user; nil if there are enough.
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
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // Guarded by `mutex`.
    private var isHeld = false
    private var waiting = 0
    private var acquisitions: UInt64 = 0

    private init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        gk_select_isa(Int32(gdn_effective_isa().rawValue))
        gk_limit_threads(Int32(clamping: ThreadLimit.processors))
    }

    func lock() {
        pthread_mutex_lock(mutex)
        acquire()
        pthread_mutex_unlock(mutex)
    }

    func unlock() {
        pthread_mutex_lock(mutex)
        release()
        pthread_mutex_unlock(mutex)
    }

    /// Gives the lock to a thread that waits for it, if there is one, and takes it again afterwards.
    ///
    /// - Parameters:
    ///   - before: called while the lock is still held, if it is going to be given away.
    ///   - after: called when it is held again.
    func handOver(before: () -> Void, after: () -> Void) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if waiting == 0 { return }
        before()
        let own = acquisitions
        release()
        while acquisitions == own && waiting > 0 { pthread_cond_wait(changed, mutex) }
        acquire()
        after()
    }

    private func acquire() {
        waiting += 1
        while isHeld { pthread_cond_wait(changed, mutex) }
        waiting -= 1
        isHeld = true
        acquisitions += 1
        pthread_cond_broadcast(changed)
    }

    private func release() {
        isHeld = false
        pthread_cond_broadcast(changed)
    }
}
