import Glibc

/// The share of the processors that a container gives to this process: a limit of time, in control groups of Linux. More
/// threads than that would be stopped for a part of each period, and others would wait for them.
package enum ProcessorQuota {
    /// Whole processors, rounded up and at least one; nil without a limit.
    ///
    /// - Parameters:
    ///   - root: where the control groups are mounted.
    ///   - membership: the content of `/proc/self/cgroup`.
    package static func processors(
        root: String = "/sys/fs/cgroup", membership: String? = read("/proc/self/cgroup")
    ) -> Int? {
        guard let membership else { return nil }
        var least: Double?
        for line in membership.split(separator: "\n") {
            // NUMBER:CONTROLLERS:PATH, without controllers in version 2.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isSecond = fields[1].isEmpty
            guard isSecond || fields[1].split(separator: ",").contains("cpu") else { continue }
            let mount = isSecond ? root : "\(root)/\(fields[1])"
            // A limit can be that of any group above. Inside a container those above are not seen.
            var path = Substring(fields[2])
            while true {
                let folder = path == "/" || path.isEmpty ? mount : mount + path
                let share = isSecond ? second(folder) : first(folder)
                if let share { least = min(least ?? share, share) }
                guard let slash = path.lastIndex(of: "/"), path != "/" else { break }
                path = slash == path.startIndex ? "/" : path[..<slash]
            }
        }
        return least.map { max(Int(min($0, 1e6).rounded(.up)), 1) }
    }

    /// `cpu.max`: "max 100000", or the microseconds in a period.
    private static func second(_ folder: String) -> Double? {
        let numbers = read("\(folder)/cpu.max")?.split { $0.isWhitespace } ?? []
        guard numbers.count == 2 else { return nil }
        return share(Double(numbers[0]), Double(numbers[1]))
    }

    /// The same in two files; -1 is no limit.
    private static func first(_ folder: String) -> Double? {
        func number(_ name: String) -> Double? {
            read("\(folder)/\(name)").flatMap { $0.split { $0.isWhitespace }.first }.flatMap {
                Double($0)
            }
        }
        return share(number("cpu.cfs_quota_us"), number("cpu.cfs_period_us"))
    }

    private static func share(_ quota: Double?, _ period: Double?) -> Double? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return quota / period
    }

    /// A small file's text; nil if it cannot be read.
    package static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
