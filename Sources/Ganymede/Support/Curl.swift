#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Fetches over HTTPS with the `curl` command: see docs/decisions/0008-curl-fetches.md.
enum Curl {
    /// Whether an address may be fetched from: https, or http from this machine itself.
    static func allows(_ address: String) -> Bool {
        address.hasPrefix("https://") && address.utf8.count > 8 || isLocal(address)
    }

    /// `http://localhost` or `http://127.0.0.1`, with a port and a path or without.
    static func isLocal(_ address: String) -> Bool {
        for host in ["http://localhost", "http://127.0.0.1"] where address.hasPrefix(host) {
            // Nothing but digits between the colon and the path: no name and password of another host.
            let rest = address.dropFirst(host.count)
            let port =
                rest.hasPrefix(":") ? rest.dropFirst().prefix { $0.isASCII && $0.isNumber } : ""
            let path = rest.dropFirst(port.isEmpty ? 0 : port.count + 1)
            if path.isEmpty || path.hasPrefix("/") { return true }
        }
        return false
    }

    /// The content at `address`, at most `limit` bytes, in memory: nothing is written.
    ///
    /// - Parameter progress: told the bytes that have come so far.
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
        // One line, that the pipe holds until it is read.
        let said = errors.read() ?? Data()
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        if data.count > limit {
            throw GanymedeError.world(
                "\(address) is larger than \(limit >> 20) MiB: it is not what was asked for")
        }
        if status != 0 {
            let reason = String(decoding: said, as: UTF8.self).filter { $0 != "\n" }
            throw GanymedeError.world(
                "cannot fetch \(address): \(reason.isEmpty ? "curl was stopped" : reason)")
        }
        return data
    }

    private static func arguments(_ address: String) -> [String] {
        let local = isLocal(address)
        let protocols = local ? "=http,https" : "=https"
        // The user's .curlrc cannot change what is fetched; a proxy in the environment can be used.
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
            throw GanymedeError.world(
                "the curl command is missing: install it (apt install curl), or download "
                    + "\(arguments.last ?? "") yourself")
        }
        if status != 0 {
            throw GanymedeError.world("cannot start curl: \(String(cString: strerror(status)))")
        }
        return child
    }
}

/// A pipe that another process does not inherit, closed with its owner.
private final class Pipe {
    private let reading: Int32
    private(set) var writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        // A pair of sockets, because they can be made so in one call.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw GanymedeError.world("cannot make a pipe: \(String(cString: strerror(errno)))")
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

    /// What is there, once something is; nil at the end.
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
