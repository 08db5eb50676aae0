package import FoundationEssentials
package import Glibc

extension Files {
    /// Writes a file atomically and durably: a crash, of the machine too, leaves either the old file or the new one. Its
    /// permissions are `mode`, or else those of the old file, or else 0644 less the umask.
    package static func writeAtomically(
        _ path: String, _ parts: [Data], mode: mode_t? = nil
    ) throws {
        var old = stat()
        let isReplaced = lstat(path, &old) == 0 && old.st_mode & S_IFMT == S_IFREG
        let wanted = mode ?? (isReplaced ? old.st_mode & 0o777 : nil)
        // The temporary file must not be readable by more users than the final one.
        let (temporary, descriptor) = try openTemporary(beside: path, wanted == nil ? 0o644 : 0o600)
        do {
            do {
                if let wanted, fchmod(descriptor, wanted) != 0 {
                    throw failure("cannot write", path)
                }
                for part in parts {
                    try part.withUnsafeBytes { try write($0, to: descriptor, path) }
                }
                if fsync(descriptor) != 0 { throw failure("cannot write", path) }
            } catch {
                close(descriptor)
                throw error
            }
            // Some file systems report here that the data could not be written.
            if close(descriptor) != 0 { throw failure("cannot write", path) }
            if rename(temporary, path) != 0 { throw failure("cannot write", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try flushFolder(of: path)
    }

    /// The folder that holds `path`, as far as its text says.
    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Waits until the names in the folder that holds `path` are on disk.
    static func flushFolder(of path: String) throws {
        let descriptor = open(parent(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A folder that can be written but not read cannot be flushed.
        if descriptor < 0 && errno == EACCES { return }
        guard descriptor >= 0 else { throw failure("cannot write", path) }
        defer { close(descriptor) }
        // Some file systems cannot flush a folder, and say that the call is invalid.
        if fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS {
            throw failure("cannot write", path)
        }
    }

    /// `path`, or with a number behind it where that is taken.
    static func freeName(_ path: String) throws -> String {
        for number in 1...10_000 {
            let name = path + (number == 1 ? "" : "-\(number)")
            if !exists(name) { return name }
        }
        throw GanymedeError.fileExists("\(quoted(path)) has 10,000 copies: move them away")
    }

    /// Renames a file within its folder.
    static func move(_ path: String, to other: String) throws {
        if rename(path, other) != 0 { throw failure("cannot rename", path) }
        try flushFolder(of: other)
    }

    /// Removes the temporary files in a folder that processes left which are gone, or that this one could not remove.
    static func removeLeftovers(in folder: String) throws {
        for name in try list(folder) {
            guard let owner = temporaryOwner(name),
                owner == getpid() || (kill(owner, 0) != 0 && errno == ESRCH)
            else { continue }
            try remove("\(folder)/\(name)")
        }
    }

    /// The process that a temporary file's name names; nil for other names.
    static func temporaryOwner(_ name: String) -> pid_t? {
        guard let mark = name.range(of: ".partial-") else { return nil }
        let numbers = name[mark.upperBound...].split(separator: "-")
        guard (1...2).contains(numbers.count), numbers.allSatisfy({ $0.allSatisfy(\.isNumber) })
        else { return nil }
        return numbers.first.flatMap { pid_t($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Creates a temporary file. An existing file or link of the same name is neither followed nor overwritten.
    private static func openTemporary(
        beside path: String, _ mode: mode_t
    ) throws -> (path: String, descriptor: Int32) {
        for number in 0..<1000 {
            let temporary = "\(path).partial-\(getpid())" + (number == 0 ? "" : "-\(number)")
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let descriptor = open(temporary, flags, mode)
            if descriptor >= 0 { return (temporary, descriptor) }
            if errno != EEXIST { break }
        }
        throw failure("cannot write", path)
    }

    /// Throws if ``writeAtomically(_:_:)`` would throw, before there is something to write.
    package static func checkWritable(_ path: String) throws {
        if isDirectory(path) {
            throw GanymedeError.fileUnwritable("\(quoted(path)) is a folder, not a file")
        }
        let (temporary, descriptor) = try openTemporary(beside: path, 0o600)
        close(descriptor)
        unlink(temporary)
    }

    /// The same for a text.
    package static func writeAtomically(_ path: String, text: String) throws {
        try writeAtomically(path, [Data(text.utf8)])
    }

    /// Opens a file for appending.
    static func openToAppend(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure("cannot write", path) }
        return descriptor
    }

    /// Appends all bytes to a file, or none: a part that was written before an error is cut off again.
    static func append(_ bytes: [UInt8], to path: String) throws {
        let descriptor = try openToAppend(path)
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        do {
            try bytes.withUnsafeBytes { try write($0, to: descriptor, path) }
            if fsync(descriptor) != 0 { throw failure("cannot write", path) }
        } catch {
            ftruncate(descriptor, size)
            throw error
        }
    }

    /// Writes all bytes to an open file.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws
    {
        var written = 0
        try write(bytes, to: descriptor, path, written: &written)
    }

    /// Writes all bytes to an open file; `done` counts those that were written, if it throws too.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String,
        written done: inout Int
    ) throws {
        while done < bytes.count, let base = bytes.baseAddress {
            let put = Glibc.write(descriptor, base + done, bytes.count - done)
            if put < 0 && errno == EINTR { continue }
            if put <= 0 { throw failure("cannot write", path) }
            done += put
        }
    }
}
