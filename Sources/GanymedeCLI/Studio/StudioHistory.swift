import Foundation
import Ganymede
import Synchronization

/// The journal of a run as the page draws it: at most some thousand points, each the mean of equally many steps, with
/// every evaluation and every event.
final class StudioHistory: Sendable {
    /// Means over some steps.
    struct Point: Encodable, Sendable {
        /// The last of the steps.
        var step = 0
        var dLoss = 0.0, gLoss = 0.0, dAccReal = 0.0, dAccFake = 0.0, gAcc = 0.0
        var imagesPerSecond = 0.0, seconds = 0.0, epoch = 0.0
    }

    /// An evaluation of the generator.
    struct Evaluated: Encodable, Sendable {
        let step: Int
        let metrics: [String: Double]
        let real: [String: Double]
    }

    /// Something that a person did.
    struct Deed: Encodable, Sendable {
        let step: Int
        let text: String
    }

    /// What was added after a step.
    struct News: Encodable, Sendable {
        var points: [Point] = []
        var scores: [Evaluated] = []
        var deeds: [Deed] = []
        /// The last finished step.
        var step = 0
        /// Counts how often the journal was replaced; what came before another number is void.
        var generation = 0
    }

    private struct State {
        let tail: JournalTail
        var all = News()
        /// The steps of a point.
        var stride = 1
        var open: (sum: Point, count: Double)?
        var lastRead = Date.distantPast
    }

    private static let most = 4000
    private static let secondsBetweenReads = 0.25
    private let state: Mutex<State>

    init(_ directory: RunDirectory) {
        state = Mutex(State(tail: JournalTail(directory)))
    }

    var lastStep: Int? { state.withLock { $0.all.step > 0 ? $0.all.step : nil } }

    /// What the journal holds beyond `step`; all of it if the caller knows another generation. Reads the file, unless it
    /// was read just now.
    func news(after step: Int, generation: Int) -> News {
        state.withLock { state in
            StudioHistory.refresh(&state)
            let start = generation == state.all.generation ? step : -1
            var news = state.all
            news.points = news.points.filter { $0.step > start }
            news.scores = news.scores.filter { $0.step > start }
            news.deeds = news.deeds.filter { $0.step > start }
            return news
        }
    }

    private static func refresh(_ state: inout State) {
        let now = Date()
        guard now.timeIntervalSince(state.lastRead) >= secondsBetweenReads else { return }
        state.lastRead = now
        // A run that vanished keeps what was read.
        guard let news = try? state.tail.read() else { return }
        if news.startsAnew {
            let generation = state.all.generation + 1
            (state.all, state.stride, state.open) = (News(), 1, nil)
            state.all.generation = generation
        }
        for report in news.reports { add(report, to: &state) }
    }

    private static func add(_ report: StepReport, to state: inout State) {
        state.all.step = report.step
        if let metrics = report.metrics {
            state.all.scores.append(
                Evaluated(step: report.step, metrics: metrics, real: report.metricsReal ?? [:]))
        }
        for event in report.events ?? [] {
            state.all.deeds.append(Deed(step: report.step, text: event.text))
        }
        var (sum, count) = state.open ?? (Point(), 0)
        sum.add(report)
        count += 1
        if report.step % state.stride == 0 {
            state.all.points.append(sum.divided(by: count))
            state.open = nil
        } else {
            state.open = (sum, count)
        }
        if state.all.points.count > most { halve(&state) }
    }

    /// Joins each two points, so that there is room for as many again.
    private static func halve(_ state: inout State) {
        let old = state.all.points
        state.stride *= 2
        state.all.points = stride(from: 0, to: old.count - 1, by: 2).map {
            old[$0].mean(with: old[$0 + 1])
        }
    }
}

extension StudioHistory.Point {
    private static let values: [WritableKeyPath<Self, Double> & Sendable] = [
        \.dLoss, \.gLoss, \.dAccReal, \.dAccFake, \.gAcc, \.imagesPerSecond, \.seconds, \.epoch,
    ]

    fileprivate mutating func add(_ report: StepReport) {
        step = report.step
        dLoss += report.dLoss
        gLoss += report.gLoss
        dAccReal += report.dAccReal
        dAccFake += report.dAccFake
        gAcc += report.gAcc
        imagesPerSecond += report.imagesPerSecond
        seconds += report.seconds
        epoch += report.epoch
    }

    fileprivate func divided(by count: Double) -> Self {
        var mean = self
        for value in Self.values { mean[keyPath: value] /= count }
        return mean
    }

    fileprivate func mean(with later: Self) -> Self {
        var mean = later
        for value in Self.values {
            mean[keyPath: value] = (self[keyPath: value] + later[keyPath: value]) / 2
        }
        return mean
    }
}
