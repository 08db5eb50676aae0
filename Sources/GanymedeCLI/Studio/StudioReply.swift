import FlyingFox
import FlyingSocks
import Foundation
import Ganymede

/// The answers of the studio.
enum StudioReply {
    /// Nothing of another origin is loaded or run, and no other page shows this one.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private static func headers(_ type: String) -> HTTPHeaders {
        [
            .contentType: type,
            HTTPHeader("Content-Security-Policy"): policy,
            HTTPHeader("X-Content-Type-Options"): "nosniff",
            HTTPHeader("Referrer-Policy"): "no-referrer",
            HTTPHeader("Cross-Origin-Opener-Policy"): "same-origin",
            HTTPHeader("Cross-Origin-Resource-Policy"): "same-origin",
            HTTPHeader("Cache-Control"): "no-store",
        ]
    }

    static func data(_ data: Data, _ type: String) -> HTTPResponse {
        HTTPResponse(statusCode: .ok, headers: headers(type), body: data)
    }

    static func json(_ value: some Encodable) throws -> HTTPResponse {
        data(Data(try HealthRecord.text(value).utf8), "application/json")
    }

    static func stream(_ events: StudioEvents) -> HTTPResponse {
        HTTPResponse(
            statusCode: .ok, headers: headers("text/event-stream"),
            body: HTTPBodySequence(from: events))
    }

    /// An error with its reason, which the page shows.
    static func fault(_ code: HTTPStatusCode, _ reason: String) -> HTTPResponse {
        let text = Ganymede.JSONValue.object(["error": .string(reason)]).text
        return HTTPResponse(
            statusCode: code, headers: headers("application/json"), body: Data(text.utf8))
    }

    /// An error after which the connection is closed, since the rest of the request is not read.
    static func closing(_ code: HTTPStatusCode, _ reason: String) -> HTTPResponse {
        let text = Array(Ganymede.JSONValue.object(["error": .string(reason)]).text.utf8)
        return HTTPResponse(
            statusCode: code, headers: headers("application/json"),
            body: HTTPBodySequence(from: LastWords(text: text), count: text.count))
    }

    /// A body whose end is the end of the connection.
    private struct LastWords: AsyncBufferedSequence {
        typealias Element = UInt8
        let text: [UInt8]

        func makeAsyncIterator() -> Iterator { Iterator(text: text) }

        struct Iterator: AsyncBufferedIteratorProtocol {
            let text: [UInt8]
            var isSent = false

            mutating func next() async throws -> UInt8? { throw CancellationError() }

            mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
                if isSent { throw CancellationError() }
                isSent = true
                return text
            }
        }
    }
}
