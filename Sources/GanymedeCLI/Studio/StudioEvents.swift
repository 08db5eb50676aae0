import FlyingSocks
import Foundation
import Ganymede

/// The stream of server-sent events of one open page: what is new of every run, as often as something is. The id of an
/// event holds the step of each run, so that a browser that reconnects goes on where it was.
struct StudioEvents: AsyncBufferedSequence {
    typealias Element = UInt8
    let studio: Studio
    /// The `Last-Event-ID` of a browser that reconnects.
    let last: String?

    func makeAsyncIterator() -> Iterator { Iterator(studio: studio, last: last) }

    /// What a page knows of a run.
    private struct Position: Equatable {
        var step = -1
        var generation = -1
        var samples: [Int] = []
        var findings = ""
        var measured: Int?
        var state = ""
        var toldAt = Date.distantPast
    }

    /// A message about one run.
    private struct Message: Encodable {
        let run: Int
        var news: StudioHistory.News?
        var samples: [Int]?
        var findings: [Doctor.Finding]?
        /// The step of the last measurement of its health.
        var measured: Int?
        var state: State?
    }

    private struct State: Encodable, Equatable {
        let isPaused, isOver: Bool
        /// Whether the run's folder is still there.
        let isThere: Bool
        /// Why its training ended with an error.
        let fault: String?
    }

    struct Iterator: AsyncBufferedIteratorProtocol {
        private static let pause = Duration.milliseconds(400)
        /// News of a run that trains is told this often: a page costs what it draws.
        private static let secondsBetweenNews = 1.0
        /// A comment after this many pauses without news shows whether the browser is still there.
        private static let pausesBetweenBeats = 25

        private let studio: Studio
        private var positions: [Position]
        private var silent = 0
        private var isFirst = true

        fileprivate init(studio: Studio, last: String?) {
            self.studio = studio
            let known = (last ?? "").split(separator: ",").map { part in
                part.split(separator: ".").compactMap { Int($0) }
            }
            positions = studio.runs.indices.map { index in
                var position = Position()
                if known.indices.contains(index), known[index].count == 2 {
                    (position.step, position.generation) = (known[index][0], known[index][1])
                }
                return position
            }
        }

        mutating func next() async throws -> UInt8? { nil }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            if isFirst {
                isFirst = false
                return Array("retry: 1000\n\n".utf8)
            }
            while !studio.isClosed {
                let text = try messages()
                if !text.isEmpty {
                    silent = 0
                    return Array(text.utf8)
                }
                silent += 1
                if silent % Iterator.pausesBetweenBeats == 0 {
                    return Array(": still here\n\n".utf8)
                }
                try await Task.sleep(for: Iterator.pause)
            }
            return nil
        }

        private mutating func messages() throws -> String {
            var text = ""
            // Runs can be added while a page is open.
            while positions.count < studio.runs.count { positions.append(Position()) }
            for index in positions.indices {
                guard let message = message(index) else { continue }
                let data = try HealthRecord.text(message)
                text += "id: \(id)\ndata: \(data)\n\n"
            }
            return text
        }

        private var id: String {
            positions.map { "\($0.step).\($0.generation)" }.joined(separator: ",")
        }

        /// What is new of a run; nil if nothing is.
        private mutating func message(_ index: Int) -> Message? {
            let run = studio.runs[index]
            var (position, message) = (positions[index], Message(run: index))
            let isPaused = run.control?.isPaused ?? true
            if isPaused || -position.toldAt.timeIntervalSinceNow >= Iterator.secondsBetweenNews {
                let news = run.history.news(
                    after: position.step, generation: position.generation)
                if news.step != position.step || news.generation != position.generation {
                    message.news = news
                    (position.step, position.generation) = (news.step, news.generation)
                    position.toldAt = Date()
                }
            }
            let watched = run.watch()
            if watched.samples != position.samples {
                (message.samples, position.samples) = (watched.samples, watched.samples)
            }
            let summary = watched.findings.map {
                "\($0.verdict.ailment) \($0.verdict.step) \($0.isCurrent)"
            }.joined()
            if summary != position.findings {
                (message.findings, position.findings) = (watched.findings, summary)
            }
            if watched.measured != position.measured {
                (message.measured, position.measured) = (watched.measured, watched.measured)
            }
            let state = State(
                isPaused: run.control?.isPaused ?? false, isOver: run.control?.isOver ?? true,
                isThere: watched.isThere, fault: run.fault)
            if "\(state)" != position.state {
                (message.state, position.state) = (state, "\(state)")
            }
            if position == positions[index] { return nil }
            positions[index] = position
            return message
        }
    }
}
