import Glibc

/// The machine that the process runs on.
public enum Machine {
    /// Processors that this process may use.
    public static let processors = ThreadLimit.processors

    /// The machine's memory in bytes.
    static let memory = MemoryError.machine

    /// Monotonic time in seconds.
    package static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Peak resident memory of the process in MiB.
    package static var peakMemory: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}
