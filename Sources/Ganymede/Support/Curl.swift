import FoundationEssentials
import Glibc

/// Fetches over HTTPS with the `curl` command: see docs/decisions/0008-curl-fetches.md.
enum Curl {
    /// Whether an address may be fetched: https, or http on this machine.
    static func allows(_ address: String) -> Bool {
        address.hasPrefix("https://") && address.utf8.count > 8 || isLocal(address)
    }

    /// Whether an address is `http://localhost` or `http://127.0.0.1`, with or without a port and a path.
    static func isLocal(_ address: String) -> Bool {
        for host in ["http://localhost", "http://127.0.0.1"] where address.hasPrefix(host) {
            // Only digits may stand between the colon and the path: `localhost:password@host` would be another host.
            let rest = address.dropFirst(host.count)
            let port =
                rest.hasPrefix(":") ? rest.dropFirst().prefix { $0.isASCII && $0.isNumber } : ""
            let path = rest.dropFirst(port.isEmpty ? 0 : port.count + 1)
            if path.isEmpty || path.hasPrefix("/") { return true }
        }
        return false
    }

    /// Downloads at most `limit` bytes from `address` into memory. Writes no file.
    ///
    /// - Parameter progress: called with the number of bytes received so far.
    static func fetch(
        _ address: String, limit: Int, progress: (Int) -> Void = { _ in }
    ) throws -> Data {
        let output = try Pipe()
        let errors = try Pipe()
        let child = try spawn(arguments(address), output: output, errors: errors)
        output.closeWriting()
        errors.closeWriting()
        var data = Data()
        while data.count <= limit, let part = output.read() {
            data += part
            progress(data.count)
        }
        if data.count > limit { kill(child, SIGTERM) }
        // One line of error text, which the pipe buffers until it is read.
        let said = errors.read() ?? Data()
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        if data.count > limit {
            throw GanymedeError.downloadFailed(
                "\(address) is larger than \(limit >> 20) MiB: it is not what was asked for")
        }
        if status != 0 {
            let reason = String(decoding: said, as: UTF8.self).filter { $0 != "\n" }
            throw GanymedeError.downloadFailed(
                "cannot fetch \(address): \(reason.isEmpty ? "curl was stopped" : reason)")
        }
        return data
    }

    private static func arguments(_ address: String) -> [String] {
        let local = isLocal(address)
        let protocols = local ? "=http,https" : "=https"
        // `--disable` ignores the user's .curlrc. A proxy in the environment is still used.
        return ["curl", "--disable", "--silent", "--show-error", "--fail", "--globoff"]
            + ["--location", "--max-redirs", "5", "--proto", protocols, "--proto-redir", protocols]
            + ["--connect-timeout", "20", "--speed-limit", "1000", "--speed-time", "30"]
            + (local ? ["--noproxy", "*"] : []) + ["--", address]
    }

    private static func spawn(_ arguments: [String], output: Pipe, errors: Pipe) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        var argv = arguments.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var child = pid_t()
        let status = posix_spawnp(&child, arguments[0], &actions, nil, &argv, environ)
        if status == ENOENT {
            throw GanymedeError.downloadFailed(
                "the curl command is missing: install it (apt install curl), or download "
                    + "\(arguments.last ?? "") yourself")
        }
        if status != 0 {
            throw GanymedeError.downloadFailed(
                "cannot start curl: \(String(cString: strerror(status)))")
        }
        return child
    }
}

/// A pipe that child processes do not inherit; it is closed on deinit.
private final class Pipe {
    private let reading: Int32
    private(set) var writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        // A socket pair, because it can be created close-on-exec in one call.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw GanymedeError.downloadFailed(
                "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        closeWriting()
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    /// Waits for bytes and returns them; nil at the end.
    func read() -> Data? {
        var data = Data(count: 1 << 16)
        let count = data.withUnsafeMutableBytes { buffer in
            var count = -1
            repeat {
                count = Glibc.read(reading, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            return count
        }
        return count > 0 ? data.prefix(count) : nil
    }
}
