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
