package import FoundationEssentials
package import Glibc

/// File operations whose errors name the file and the reason.
package enum Files {
    /// The content of a file of at most `limit` bytes.
    package static func read(_ path: String, limit: Int = 2 << 30) throws -> Data {
        let (descriptor, size) = try openToRead(path)
        defer { close(descriptor) }
        guard size <= limit else {
            throw GanymedeError.fileUnreadable(
                "\(quoted(path)) has \(size >> 20) MiB, more than the \(limit >> 20) MiB that are read"
            )
        }
        try checkMemory(size, of: path)
        return try readPart(descriptor, path, offset: 0, count: size)
    }

    /// Throws if a file of more than 16 MiB does not fit into memory.
    static func checkMemory(_ size: Int, of path: String) throws {
        if size > 16 << 20 {
            try MemoryError.check(size, of: quoted(path), advice: "take a smaller file")
        }
    }

    /// Opens a regular file and returns its size. Refuses a folder, a pipe or a device without blocking.
    package static func openToRead(_ path: String) throws -> (descriptor: Int32, size: Int) {
        if isDirectory(path) {
            throw GanymedeError.fileUnreadable("\(quoted(path)) is a folder, not a file")
        }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot read", path) }
        var found = stat()
        guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw GanymedeError.fileUnreadable("\(quoted(path)) is a pipe or a device, not a file")
        }
        return (descriptor, Int(found.st_size))
    }

    /// Reads `count` bytes of an open file from `offset` on; fewer at the end.
    package static func readPart(
        _ descriptor: Int32, _ path: String, offset: Int, count: Int
    ) throws -> Data {
        var data = Data(count: count)
        let read = try data.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + done, count - done, off_t(offset + done))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { throw failure("cannot read", path) }
                if got == 0 { break }
                done += got
            }
            return done
        }
        return read == count ? data : data.prefix(read)
    }

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

    package static func writeAtomically(_ path: String, text: String) throws {
        try writeAtomically(path, [Data(text.utf8)])
    }

    /// The absolute path without links, `.` and `..`; `path` itself if nothing exists there.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// The last component of the resolved path.
    static func name(_ path: String) -> String {
        resolved(path).split(separator: "/").last.map(String.init) ?? path
    }

    /// The file extension in lower case: `png`.
    package static func ending(_ path: String) -> String {
        path.lastIndex(of: ".").map { path[path.index(after: $0)...].lowercased() } ?? ""
    }

    /// Opens a file for appending.
    static func openToAppend(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure("cannot write", path) }
        return descriptor
    }

    /// Appends all bytes to a file, or none: a part that was written before an error is cut off again.
    static func append(_ bytes: [UInt8], to path: String) throws {
        let descriptor = try openToAppend(path)
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        do { try bytes.withUnsafeBytes { try write($0, to: descriptor, path) } } catch {
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

    /// Creates a folder and its parents.
    package static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if mkdir(made, mode) != 0 {
                let reason = errno
                if reason == EEXIST && isDirectory(made) { continue }
                errno = reason
                throw failure("cannot make the folder", path)
            }
            try flushFolder(of: made)
        }
    }

    /// Creates a folder in an existing one; false if the name is taken.
    static func makeNewDirectory(_ path: String) throws -> Bool {
        if mkdir(path, 0o755) == 0 {
            try flushFolder(of: path)
            return true
        }
        if errno == EEXIST { return false }
        throw failure("cannot make the folder", path)
    }

    /// The part of `path` that is a file instead of a folder; nil if there is none.
    package static func fileInTheWay(of path: String) -> String? {
        var part = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/") {
            part += (part.isEmpty || part.hasSuffix("/") ? "" : "/") + name
            if exists(part) && !isDirectory(part) { return part }
        }
        return nil
    }

    package static func isDirectory(_ path: String) -> Bool { status(path)?.isDirectory ?? false }
    package static func exists(_ path: String) -> Bool { status(path) != nil }

    /// The status of a file or folder, links followed.
    package struct Status: Equatable {
        /// Device and inode number: the same for every path to one file or folder.
        package struct Identity: Hashable { let device, number: UInt64 }
        package let isDirectory: Bool
        package let isFile: Bool
        package let size: Int
        /// The last change of the content, in nanoseconds since 1970.
        package let modified: Int
        package let identity: Identity
    }

    /// The status of `path`; nil if nothing exists there.
    package static func status(_ path: String) -> Status? {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        let kind = found.st_mode & S_IFMT
        return Status(
            isDirectory: kind == S_IFDIR, isFile: kind == S_IFREG, size: Int(found.st_size),
            modified: Int(found.st_mtim.tv_sec) &* 1_000_000_000 &+ Int(found.st_mtim.tv_nsec),
            identity: .init(device: UInt64(found.st_dev), number: UInt64(found.st_ino)))
    }

    /// The absolute path, without a trailing slash.
    static func absolute(_ path: String) -> String {
        var path = path
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    /// Deletes a file.
    static func remove(_ path: String) throws {
        if unlink(path) != 0 { throw failure("cannot remove", path) }
    }

    /// Names in a folder, in alphabetical order.
    package static func list(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw failure("cannot list", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// An error with the file's name and the text of `errno`.
    static func failure(_ what: String, _ path: String) -> GanymedeError {
        let message: Message = "\(what) \(quoted(path)): \(String(cString: strerror(errno)))"
        let isReading = what.hasSuffix("read") || what.hasSuffix("list")
        return isReading ? .fileUnreadable(message) : .fileUnwritable(message)
    }
}
