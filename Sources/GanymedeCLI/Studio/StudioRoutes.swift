import FlyingFox
import Foundation
import Ganymede

/// The addresses of the studio, behind its token:
/// - `GET /`, `GET /studio.css`, ...: the page.
/// - `GET /runs`: what is known of every run; `GET /events`: what is new, as a stream.
/// - `GET /runs/N/samples/STEP.png`, `GET /runs/N/samples/real.png`: saved grids.
/// - `POST /runs/N/VERB` with JSON: see ``StudioVerb``.
struct StudioRoutes: Sendable {
    let studio: Studio
    let doorkeeper: StudioGuard

    /// The largest body of a command: an image of 256x256 pixels in colour as text, and more.
    private static let limit = 1 << 20

    func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        guard let parts = doorkeeper.parts(of: request) else {
            return StudioReply.closing(
                .forbidden, "this is not the address that the studio printed")
        }
        do {
            switch request.method {
            case .GET: return try get(parts, request)
            case .POST: return try await post(parts, request)
            default: return StudioReply.closing(.methodNotAllowed, "GET or POST")
            }
        } catch let error as GanymedeError {
            return StudioReply.fault(.badRequest, error.message.forCommands)
        } catch let error as DecodingError {
            return StudioReply.fault(.badRequest, "the command is not as it should be: \(error)")
        }
    }

    private static let nothing = StudioReply.fault(.notFound, "there is nothing here")

    private func get(_ parts: [String], _ request: HTTPRequest) throws -> HTTPResponse {
        if parts.count == 1, let file = StudioPage.file(parts[0]) {
            return StudioReply.data(file.data, file.type)
        }
        if parts == ["runs"] {
            return try StudioReply.json(
                studio.runs.enumerated().map { try StudioFacts($1, index: $0) })
        }
        if parts == ["events"] {
            guard studio.takeStream() else {
                return StudioReply.fault(.serviceUnavailable, "too many pages are open")
            }
            return StudioReply.stream(
                StudioEvents(
                    studio: studio, last: request.headers[HTTPHeader("Last-Event-ID")]))
        }
        if parts.count == 4, parts[0] == "runs", parts[2] == "samples" {
            return try sample(parts[1], parts[3])
        }
        return StudioRoutes.nothing
    }

    /// A saved grid, by the number of its step among those that the run has.
    private func sample(_ number: String, _ name: String) throws -> HTTPResponse {
        guard let run = run(number), name.hasSuffix(".png") else { return StudioRoutes.nothing }
        let what = name.dropLast(4)
        guard let data = try run.directory.savedSample(what == "real" ? nil : Int(what) ?? -1)
        else { return StudioRoutes.nothing }
        return StudioReply.data(data, "image/png")
    }

    private func run(_ number: String) -> StudioRun? {
        guard let index = Int(number), String(index) == number else { return nil }
        let runs = studio.runs
        return runs.indices.contains(index) ? runs[index] : nil
    }

    private func post(_ parts: [String], _ request: HTTPRequest) async throws -> HTTPResponse {
        guard doorkeeper.isCommand(request) else {
            return StudioReply.closing(
                .forbidden, "commands come from the studio's page, as JSON")
        }
        guard parts.count == 3, parts[0] == "runs", let run = run(parts[1]) else {
            return StudioReply.closing(.notFound, "there is nothing here")
        }
        guard let body = try await request.body(atMost: StudioRoutes.limit) else {
            return StudioReply.closing(
                .payloadTooLarge, "a command has at most \(StudioRoutes.limit) bytes")
        }
        guard let verb = StudioVerb(rawValue: parts[2]) else { return StudioRoutes.nothing }
        return try verb.answer(body, run, studio)
    }
}
