import Foundation

/// Runs the built `ganymede` as a user does.
public struct Command {
    public struct Result {
        public let code: Int32
        /// Voluntary context switches of its threads.
        public let sleeps: Int
        public let output: String
        public let errors: String
    }

    /// The path of a product beside the running tests: both come from one build.
    public static func product(_ name: String) -> String {
        let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [tests, Bundle.main.bundleURL, tests.deletingLastPathComponent()]
        return candidates.map { $0.appending(path: name).path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }

    /// Runs with arguments in `folder` and waits. After `limit` seconds the process is killed.
    public static func run(
        _ arguments: [String], of product: String = "ganymede", in folder: String,
        environment: [String: String] = [:], limit: Double = .infinity
    ) throws -> Result {
        let running = try start(arguments, of: product, in: folder, environment: environment)
        let end = Date().addingTimeInterval(limit)
        while limit < .infinity && running.isRunning {
            if Date() > end { running.kill() }
            usleep(2000)
        }
        return running.wait()
    }

    public static func start(
        _ arguments: [String], of product: String = "ganymede", in folder: String,
        environment: [String: String] = [:]
    ) throws -> Running {
        // Files, not pipes: the command never waits for a reader.
        let output = "\(folder)/.output-\(UUID())"
        let errors = "\(folder)/.errors-\(UUID())"
        let child = try ChildProcess(
            [self.product(product)] + arguments, in: folder, environment: environment,
            output: output, errors: errors
        )
        return Running(child: child, outputPath: output, errorsPath: errors)
    }

    public struct Running {
        let child: ChildProcess
        let outputPath: String
        let errorsPath: String

        public func interrupt() { child.send(SIGINT) }
        public func send(_ signal: Int32) { child.send(signal) }
        public func kill() { child.send(SIGKILL) }
        public var isRunning: Bool { child.isRunning }
        public var identifier: Int32 { child.identifier }

        /// What it has written to standard output.
        public var outputSoFar: String {
            (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? ""
        }

        /// What it has written to standard error.
        public var errorsSoFar: String {
            (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? ""
        }

        /// Whether it has a handler for a signal. Before `exec`, a shell has its own.
        public func catches(_ signal: Int32) -> Bool {
            let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
            let caught = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
            let mask = caught?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
            let isCommand = status?.hasPrefix("Name:\tganymede\n") ?? false
            return isCommand && mask >> UInt64(signal - 1) & 1 == 1
        }

        /// Waits for the end; after ten minutes, longer than any test takes, the process is killed.
        public func wait() -> Result {
            let end = Date().addingTimeInterval(600)
            while isRunning {
                if Date() > end { kill() }
                usleep(500)
            }
            let (code, sleeps) = child.end()
            func take(_ path: String) -> String {
                defer { try? FileManager.default.removeItem(atPath: path) }
                return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            }
            return Result(
                code: code, sleeps: sleeps, output: take(outputPath), errors: take(errorsPath))
        }
    }
}

/// A process started by `posix_spawn`, which sets its signal mask. Foundation's `Process` passes on the mask of the
/// calling thread. The threads that run tests block signals, so that such a child would never receive one.
///
/// One that nobody waits for is killed and waited for in the end: an exit test watches every child, and does not see
/// its own one behind another that has ended.
public final class ChildProcess {
    public let identifier: pid_t
    private var isEnded = false

    public init(
        _ arguments: [String], in folder: String, environment: [String: String] = [:],
        output: String = "/dev/null", errors: String = "/dev/null"
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // Signals that the parent ignores, as under nohup, are reset to their default action.
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // The parent's OpenMP settings must not change what is tested.
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("OMP_") && !$0.key.hasPrefix("GOMP_")
        }
        let variables = inherited.merging(environment) { $1 }
        let shell = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder]
        var argv = (shell + arguments).map { strdup($0) } + [nil]
        var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var identifier = pid_t()
        let status = posix_spawn(&identifier, shell[0], &actions, &attributes, &argv, &envp)
        if status != 0 { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO) }
        self.identifier = identifier
    }

    deinit {
        if isEnded { return }
        send(SIGKILL)
        _ = end()
    }

    public func send(_ signal: Int32) { if !isEnded { kill(identifier, signal) } }

    /// Whether it is still running. Its status can still be waited for.
    public var isRunning: Bool {
        if isEnded { return false }
        var info = siginfo_t()
        return waitid(P_PID, id_t(identifier), &info, WEXITED | WNOHANG | WNOWAIT) == 0
            && info._sifields._sigchld.si_pid == 0
    }

    /// The exit code, or the negative number of the signal that ended it.
    public func wait() -> Int32 { end().code }

    /// The same, and the voluntary context switches of its threads.
    func end() -> (code: Int32, sleeps: Int) {
        var status: Int32 = 0
        var usage = rusage()
        while wait4(identifier, &status, 0, &usage) < 0 && errno == EINTR {}
        isEnded = true
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
        return (code, usage.ru_nvcsw)
    }
}
