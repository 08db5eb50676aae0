import Foundation
import Synchronization

/// An HTTP server on this machine that sends given responses, even invalid ones.
public final class LocalServer: Sendable {
    /// A whole response, as bytes.
    public struct Answer: Sendable {
        let bytes: Data

        /// A status, a body, and the length that the header declares.
        public init(
            _ body: Data, status: String = "200 OK", type: String = "application/gzip",
            headers: [String] = [], promised: Int? = nil
        ) {
            let lines =
                [
                    "HTTP/1.1 \(status)", "Content-Type: \(type)",
                    "Content-Length: \(promised ?? body.count)", "Connection: close",
                ] + headers
            bytes = Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
        }

        public static let page = Answer(
            Data("<!DOCTYPE html><html>Please sign in</html>".utf8), type: "text/html")
        public static let missing = Answer(Data("no".utf8), status: "404 Not Found")
        public static func redirect(to address: String) -> Answer {
            Answer(Data(), status: "302 Found", headers: ["Location: \(address)"])
        }
    }

    private let descriptor: Int32
    private let answers: [String: Answer]
    private let asked = Mutex<[String]>([])
    /// `http://127.0.0.1:` and the port.
    public let address: String
    /// Paths that were requested.
    public var requests: [String] { asked.withLock { $0 } }

    /// Serves paths such as `/a.gz`; any other gets a 404.
    public init(_ answers: [String: Answer]) throws {
        self.answers = answers
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_INET, kind, 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = withUnsafeMutablePointer(to: &name) { [descriptor] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard listening else { throw POSIXError(.EADDRNOTAVAIL) }
        address = "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
        Thread.detachNewThread { [self] in
            // Ends when the socket is shut down.
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                answer(connection)
            }
            close(descriptor)
        }
    }

    /// Stops listening: later connections are refused.
    public func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func answer(_ connection: Int32) {
        defer { close(connection) }
        var request = Data()
        var part = [UInt8](repeating: 0, count: 4096)
        while request.range(of: Data("\r\n\r\n".utf8)) == nil {
            let count = recv(connection, &part, part.count, 0)
            if count <= 0 { return }
            request += part.prefix(count)
        }
        let words = String(decoding: request, as: UTF8.self).split(separator: " ")
        let path = words.count > 1 ? String(words[1]) : ""
        asked.withLock { $0.append(path) }
        let bytes = (answers[path] ?? .missing).bytes
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let sent = send(
                    connection, base + done, buffer.count - done, Int32(MSG_NOSIGNAL))
                if sent <= 0 { return }
                done += sent
            }
        }
    }
}
