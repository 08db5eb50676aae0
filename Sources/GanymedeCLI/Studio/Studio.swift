import FlyingFox
import FlyingSocks
import Foundation
import Ganymede
import Synchronization

/// The local page of one or more runs: a server on the loopback address that ends with the process.
final class Studio: Sendable {
    private struct State {
        var runs: [StudioRun]
        var isClosed = false
        var streams = 0
    }

    private let state: Mutex<State>
    /// Trains forks of runs, one at a time.
    let forks: StudioForks
    /// Pages that may follow the runs at once.
    private static let mostStreams = 100

    /// A studio of runs, which differ.
    ///
    /// - Parameter warn: tells the person at the terminal what failed.
    init(_ runs: [StudioRun], warn: @escaping @Sendable (String) -> Void) {
        state = Mutex(State(runs: runs))
        forks = StudioForks(warn: warn)
    }

    var runs: [StudioRun] { state.withLock { $0.runs } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Shows one more run.
    func add(_ run: StudioRun) -> Int {
        state.withLock { state in
            state.runs.append(run)
            return state.runs.count - 1
        }
    }

    /// Ends all streams.
    func close() { state.withLock { $0.isClosed = true } }

    // MARK: The server

    /// A server that listens.
    struct Door: Sendable {
        /// The address to open.
        let address: String
        fileprivate let task: Task<Void, any Error>
    }

    /// Starts to serve, on `port` or, with 0, on a free one. Throws if the port is taken.
    func open(port: UInt16) throws -> Door {
        let box = Mutex<(port: UInt16, fault: String?)?>(nil)
        let ready = DispatchSemaphore(value: 0)
        let token = StudioGuard.newToken()
        // The loopback address alone: other machines cannot reach it.
        let address = try sockaddr_in.inet(ip4: "127.0.0.1", port: port)
        let task = Task {
            let server = HTTPServer(address: address, timeout: 60, logger: .disabled)
            let serving = Task { try await server.run() }
            do {
                // Ends with an error if the port is taken.
                try await server.waitUntilListening(timeout: 5)
                guard case .ip4(_, let found)? = await server.listeningAddress else {
                    throw StudioFault.notListening
                }
                let routes = StudioRoutes(
                    studio: self, doorkeeper: StudioGuard(token: token, port: found))
                await server.appendRoute("*") { try await routes.respond(to: $0) }
                box.withLock { $0 = (found, nil) }
            } catch {
                serving.cancel()
                let reason = await serving.reason ?? "\(error)"
                box.withLock { $0 = (0, reason) }
            }
            ready.signal()
            try await serving.value
        }
        ready.wait()
        let found = box.withLock { $0 }
        if let reason = found?.fault {
            throw GanymedeError.unsupported(
                "the studio cannot listen on port \(port): \(reason). Is another studio open? Take another --port, or 0 for a free one"
            )
        }
        return Door(address: "http://127.0.0.1:\(found?.port ?? port)/\(token)/", task: task)
    }

    // MARK: Streams

    /// Whether one more page may follow the runs.
    func takeStream() -> Bool {
        state.withLock { state in
            if state.streams >= Studio.mostStreams { return false }
            state.streams += 1
            return true
        }
    }

    func giveStream() { state.withLock { $0.streams -= 1 } }
}

private enum StudioFault: Error { case notListening }

extension Task where Success == Void, Failure == any Error {
    /// Why it failed; nil if it did not.
    fileprivate var reason: String? {
        get async {
            do {
                try await value
                return nil
            } catch { return error is CancellationError ? nil : error.localizedDescription }
        }
    }
}
