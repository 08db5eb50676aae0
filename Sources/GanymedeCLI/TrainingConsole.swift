import ArgumentParser
import Ganymede
import Glibc
import Synchronization

/// Prints the events of a trainer: progress on standard output, notes on standard error.
final class TrainingConsole: Sendable {
    private let isQuiet: Bool
    private let loading: LoadingLine
    private let evaluating: LoadingLine
    private let progress = Mutex<ProgressLine?>(nil)

    /// Of several ranks only the first prints.
    init(isQuiet: Bool) {
        let isQuiet = isQuiet || !Ranks.isFirst
        self.isQuiet = isQuiet
        loading = LoadingLine("reading pictures", isShown: !isQuiet)
        evaluating = LoadingLine("evaluating", isShown: !isQuiet)
    }

    /// Makes `trainer` report to this console and stop on Ctrl-C.
    func attach(to trainer: inout Trainer) {
        trainer.onEvent = { self.show($0) }
        trainer.willStart = { Interrupt.begin() }
        trainer.shouldStop = { Interrupt.isRequested }
    }

    private func show(_ event: TrainingEvent) {
        if !Ranks.isFirst { return }
        if case .note(let text) = event { note(text) }
        if case .ailing(let verdict) = event {
            note(
                "step \(grouped(verdict.step)): \(verdict.finding) What usually helps: \(verdict.advice)"
            )
        }
        if case .steered(let event) = event {
            note("step \(grouped(event.step)): \(event.text)")
        }
        if isQuiet { return }
        switch event {
        case .note, .saved, .ailing, .steered: break
        case .loading(let done, let total): loading.show(done, of: total)
        case .evaluating(let what): evaluating.show(what)
        case .started(let start):
            let options = start.options
            let line = ProgressLine(
                options.preset ?? "gan", unit: options.gan.makesPoints ? "points" : "img",
                announcesSamples: options.training.announceSamples,
                isRelative: options.gan.loss.isRelative, steps: options.training.steps)
            line.begin(start)
            progress.withLock { $0 = line }
        case .step(let report, let secondsLeft):
            progress.withLock { $0?.show(report, secondsLeft: secondsLeft) }
        case .sampled(let report, let path, let accuracy):
            progress.withLock { $0?.announce(report, accuracy, path) }
        case .evaluated(let report, let isBest, let missing):
            evaluating.finish()
            progress.withLock { $0?.announce(report, isBest: isBest, missing: missing) }
        }
    }

    /// Prints where the results are. After Ctrl-C, also how to resume; then exits with code 130.
    func report(_ outcome: Trainer.Outcome) throws {
        progress.withLock { $0?.finish() }
        if !isQuiet { print(summary(outcome).joined(separator: "\n")) }
        if outcome.interrupted { throw ExitCode(130) }
    }

    /// The page with everything first, then the figures, then what to do next.
    private func summary(_ outcome: Trainer.Outcome) -> [String] {
        let terminal = Terminal.of(STDOUT_FILENO)
        let path = outcome.directory.path
        func inside(_ name: String) -> String { quoted("\(path)/\(name)") }
        var lines: [String] = []
        if Files.exists("\(path)/report.html") {
            lines.append(
                "Curves, pictures, figures and what they mean on one page: \(inside("report.html"))"
            )
        }
        if let table = ProgressText.bestAndLast(outcome, on: terminal) {
            let samples = grouped(outcome.options.training.metricsSamples)
            lines.append(terminal.readable("Of one set of \(samples) samples:\n" + table))
        }
        lines += (try? Doctor(path))?.complaint(about: path) ?? []
        let next = outcome.interrupted ? ways(toResume: outcome) : ways(on: outcome)
        return lines + next
    }

    private func ways(toResume outcome: Trainer.Outcome) -> [String] {
        let path = quoted(outcome.directory.path)
        return [
            "Stopped after step \(outcome.step), saved. To resume: ganymede resume \(path)"
        ]
    }

    private func ways(on outcome: Trainer.Outcome) -> [String] {
        let path = outcome.directory.path
        func inside(_ name: String) -> String { quoted("\(path)/\(name)") }
        var lines = [
            "Pictures: \(inside("samples/")) and \(inside("progress.gif"))",
            "More like them: ganymede generate \(quoted(path)) --seeds 0-63 -o more.png",
        ]
        if let best = outcome.best, best.step != outcome.step {
            lines.append(
                "Of the best: ganymede generate \(inside("checkpoints/best")) --seeds 0-63 -o best.png"
            )
        }
        if outcome.canBeEvaluated {
            lines.append("How good they are: ganymede evaluate \(quoted(path))")
        }
        return lines
    }
}

extension Doctor {
    /// What ails the run now, and what to do; empty if nothing does.
    fileprivate func complaint(about path: String) -> [String] {
        findings.filter(\.isCurrent).map {
            "\($0.verdict.finding) What usually helps: \($0.verdict.advice)"
        } + (isHealthy || signals.isEmpty ? [] : ["More about it: ganymede doctor \(quoted(path))"])
    }
}

/// Prints a note on standard error, even if other output is suppressed.
func note(_ text: String) {
    let bytes = Array("note: \(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
