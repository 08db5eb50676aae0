import CKernels
import COneDNN

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The one thread of the process that issues oneDNN calls and kernels. libgomp keeps a team of workers
/// for each thread that starts parallel work, so a second thread would mean a second team.
public enum EngineThread {
    /// Runs `body` on the engine's thread and waits. Called from that thread, it just runs.
    public static func run<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if isCurrent { return try body() }
        return try EngineQueue.shared.run(body)
    }

    /// Whether the caller is on the engine's thread.
    package static var isCurrent: Bool {
        pthread_equal(pthread_self(), EngineQueue.shared.thread) != 0
    }

    /// Stops a caller that is on another thread.
    package static func assertCurrent() {
        if !isCurrent {
            misuse("kernels run on the engine's thread: wrap the call in EngineThread.run")
        }
    }

    /// The size of the OpenMP team. Programs keep the size they were compiled for.
    public static var threads: Int {
        get { run { Int(gk_threads()) } }
        set { run { gk_set_threads(Int32(newValue)) } }
    }
}

/// Hands closures to a thread that lives as long as the process.
private final class EngineQueue: @unchecked Sendable {
    static let shared = EngineQueue()

    private(set) var thread = pthread_t()
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var job: (() -> Void)?
    private var busy = false

    private init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        // oneDNN generates code and recurses: give it a main thread's stack.
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let status = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<EngineQueue>.fromOpaque(context).takeUnretainedValue().loop()
            }, Unmanaged.passRetained(self).toOpaque())
        if status != 0 { misuse("the engine's thread could not start: error \(status)") }
        pthread_attr_destroy(&attributes)
    }

    private func loop() -> Never {
        gk_select_isa(Int32(gdn_effective_isa().rawValue))
        gk_set_threads(gk_threads())
        pthread_mutex_lock(mutex)
        while true {
            while job == nil { pthread_cond_wait(changed, mutex) }
            let work = job
            pthread_mutex_unlock(mutex)
            work?()
            pthread_mutex_lock(mutex)
            job = nil
            pthread_cond_broadcast(changed)
        }
    }

    func run<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var outcome: Swift.Result<Result, Failure>?
        withoutActuallyEscaping(body) { escapable in
            perform {
                do throws(Failure) { outcome = .success(try escapable()) } catch {
                    outcome = .failure(error)
                }
            }
        }
        guard let outcome else { misuse("the engine's thread lost its work") }
        return try outcome.get()
    }

    private func perform(_ work: @escaping () -> Void) {
        pthread_mutex_lock(mutex)
        while busy { pthread_cond_wait(changed, mutex) }
        busy = true
        job = work
        pthread_cond_broadcast(changed)
        while job != nil { pthread_cond_wait(changed, mutex) }
        busy = false
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}
