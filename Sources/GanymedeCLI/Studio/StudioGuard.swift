import FlyingFox
import Foundation
import Ganymede

/// Who may talk to the studio: the page that it served itself, on this machine, with its token.
struct StudioGuard: Sendable {
    /// The first part of every path; nobody can guess it.
    let token: String
    let port: UInt16

    /// The header that only a script of the page can set: other sites would need permission that is never given.
    static let header = HTTPHeader("X-Ganymede")

    /// A token of 128 random bits.
    static func newToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The parts of the path behind the token; nil if the request is refused.
    func parts(of request: HTTPRequest) -> [String]? {
        guard isForHere(request.headers[HTTPHeader("Host")]),
            request.headers[HTTPHeader("Origin")].map(isOwn(origin:)) ?? true,
            isOwn(site: request.headers[HTTPHeader("Sec-Fetch-Site")])
        else { return nil }
        // The raw path: nothing is decoded, and nothing that is encoded has a meaning.
        let parts = request.target.path(percentEncoded: true).split(
            separator: "/", omittingEmptySubsequences: false
        )
        .map(String.init)
        guard parts.count >= 3, parts[0].isEmpty, isEqual(parts[1], token) else { return nil }
        return Array(parts[2...])
    }

    /// Whether a command comes from a script of the page.
    func isCommand(_ request: HTTPRequest) -> Bool {
        let type = request.headers[.contentType]?.split(separator: ";").first
        return request.headers[StudioGuard.header] == "1"
            && type.map { $0.trimmingCharacters(in: .whitespaces) } == "application/json"
    }

    private var names: [String] { ["127.0.0.1", "localhost", "[::1]"] }

    /// A page under another name that leads here, as with DNS rebinding, sends that name.
    private func isForHere(_ host: String?) -> Bool {
        host.map { host in names.contains { host == "\($0):\(port)" } } ?? false
    }

    private func isOwn(origin: String) -> Bool {
        names.contains { origin == "http://\($0):\(port)" }
    }

    /// Browsers say where a request comes from; `none` is an address that was typed or a link from a terminal.
    private func isOwn(site: String?) -> Bool {
        site.map { ["same-origin", "none"].contains($0) } ?? true
    }

    /// Compares in a time that does not depend on where the texts differ.
    private func isEqual(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension HTTPRequest {
    /// The body of a command, of at most `limit` bytes; nil if it is longer.
    func body(atMost limit: Int) async throws -> Data? {
        if let count = bodySequence.count, count > limit { return nil }
        var data = Data()
        for try await part in bodySequence {
            data.append(part)
            if data.count > limit { return nil }
        }
        return data
    }
}
