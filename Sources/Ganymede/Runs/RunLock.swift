import Glibc

/// A lock on a run's folder (`flock`), which one process holds at a time. It is released when this object is freed or the
/// process ends in any way. The file `.lock` names the holder.
final class RunLock: Sendable {
    static let file = ".lock"
    private let descriptor: Int32

    /// Takes the lock. Throws an error that names the process that holds it.
    init(_ directory: RunDirectory) throws {
        let path = "\(directory.path)/\(RunLock.file)"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw GanymedeError.fileUnwritable(
                "cannot write \(quoted(path)): \(String(cString: strerror(errno)))")
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
            let holder = try Files.readPart(descriptor, path, offset: 0, count: 200)
            let name = String(decoding: holder, as: UTF8.self).filter { !$0.isNewline }
            throw GanymedeError.runInUse(
                "the run \(quoted(directory.path)) is being trained by \(name.isEmpty ? "another process" : name): "
                    + "wait for it, or stop it")
        }
        // Some network file systems do not support locks. There the user has to keep processes apart.
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let length = host.firstIndex(of: 0) ?? 0
        let hostName = String(decoding: host[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        let text = Array("process \(getpid()) on \(hostName)\n".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit {
        // To close is not enough: a child process that has not reached its program yet shares the lock.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
