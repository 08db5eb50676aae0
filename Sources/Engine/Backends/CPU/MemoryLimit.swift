import Glibc

/// More memory is needed than the machine has or this process may use. Checked before anything is allocated, because
/// Swift cannot recover from a failed allocation.
public struct MemoryError: Error, CustomStringConvertible {
    let what: String
    let needed: Int
    let found: String
    let advice: String

    /// The memory needed, the memory available, and what to do.
    public var description: String {
        "\(what) needs \(bytes(needed)) of memory, and \(found): \(advice)"
    }

    /// Bytes of memory of the machine, or of the process's control group if that is less.
    package static let machine = min(
        sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)), controlGroupLimit ?? .max)

    /// Bytes for what is not counted: code that oneDNN generates, stacks, files being read or written.
    private static let headroom = 160 << 20

    /// Throws unless the machine, and the limit on this process's address space, leave room for `count` bytes.
    package static func check(
        _ count: Int, of what: String = "the program",
        advice: String = "take a smaller batch or smaller layers"
    ) throws {
        if count > machine {
            throw MemoryError(
                what: what, needed: count, found: "the machine has \(bytes(machine))",
                advice: advice)
        }
        guard let left = addressSpaceLeft, left < count + headroom else { return }
        throw MemoryError(
            what: what, needed: count + headroom, found: "ulimit -v leaves \(bytes(left))",
            advice: "raise that limit, or \(advice)")
    }

    /// Bytes that the limit on the address space (`ulimit -v`) leaves; nil if there is no limit.
    private static var addressSpaceLeft: Int? {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_AS.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < UInt64(Int.max),
            let words = firstLine(of: "/proc/self/statm")?.split(separator: " "),
            let pages = words.first.flatMap({ Int($0) })
        else { return nil }
        return max(Int(limit.rlim_cur) - pages * sysconf(Int32(_SC_PAGESIZE)), 0)
    }

    /// Bytes that the container may use; nil if no limit is found.
    private static var controlGroupLimit: Int? {
        let group = firstLine(of: "/proc/self/cgroup")?.split(separator: ":").last.map(String.init)
        let files = [
            "/sys/fs/cgroup\(group ?? "")/memory.max", "/sys/fs/cgroup/memory.max",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        ]
        return files.lazy.compactMap { firstLine(of: $0).flatMap { Int($0) } }.first
    }

    private static func firstLine(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 512)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        let line = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
        return String(decoding: line, as: UTF8.self)
    }
}

/// In MiB, or in GiB from 4 GiB on; rounded up.
private func bytes(_ count: Int) -> String {
    count >= 4 << 30
        ? "\((count + (1 << 30) - 1) >> 30) GiB" : "\((count + (1 << 20) - 1) >> 20) MiB"
}
