#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the process runs on.
public enum Machine {
    /// Processors that this process may use.
    public static let processors = ThreadLimit.processors

    /// Bytes of memory that the machine has.
    static let memory = MemoryError.machine

    /// Seconds since some fixed moment.
    package static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The largest memory that the process has held, in MiB.
    package static var peakMemory: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}
