import ArgumentParser
import Ganymede

/// `ganymede resume`
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Resume a run: the same run, bit for bit.")

    @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String
    @Option(help: "Steps in total (default: those it was started for).") var steps: Int?
    @Option(help: "CPU threads (default: as before; another number changes the last bits).")
    var threads: Int?
    @Flag(help: "Only print errors.") var quiet = false

    func run() throws {
        Interrupt.install()
        for (name, value) in [("--steps", steps), ("--threads", threads)] {
            if let value, value < 1 {
                throw GanymedeError.invalidOption("\(name) is at least 1, not \(value)")
            }
        }
        let console = TrainingConsole(isQuiet: quiet)
        let outcome = try Trainer.resume(folder, steps: steps, threads: threads) {
            console.attach(to: &$0)
        }
        if outcome.last == nil && !outcome.interrupted {
            if !quiet {
                print("\(quoted(folder)) is already at step \(outcome.step): nothing to do")
            }
            return
        }
        try console.report(outcome)
    }
}
