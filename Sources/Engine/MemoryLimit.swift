#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that cannot fit into this machine. Found before anything is allocated.
public struct MemoryError: Error, CustomStringConvertible {
    let needed: Int
    let available: Int

    /// Both sizes, and what to do.
    public var description: String {
        func gibibytes(_ count: Int) -> String { "\((count + (1 << 30) - 1) >> 30) GiB" }
        return "the program needs \(gibibytes(needed)) of memory, and the machine has "
            + "\(gibibytes(available)): take a smaller batch or smaller layers"
    }

    /// Bytes of memory that the machine has.
    package static let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))

    /// Throws unless the machine has `count` bytes.
    static func check(_ count: Int) throws {
        if count > machine { throw MemoryError(needed: count, available: machine) }
    }
}
