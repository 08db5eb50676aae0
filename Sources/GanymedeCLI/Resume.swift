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
    @Option(help: "Where the run's data is now, if it was moved. It must be the same data.")
    var data: String?
    @Option(help: "The newest checkpoints that are kept (default: as before).") var keep: Int?
    @Option(help: "What happens when a step makes NaN or infinity: stop or rollback.")
    var onNan: String?
    @Flag(
        help:
            "If the latest checkpoint or config.json is damaged, take the newest good checkpoint.")
    var fallBack = false
    @Flag(help: "If the journal is damaged or missing, go on without what cannot be read.")
    var rebuildJournal = false
    @Option(help: Ranks.help) var distributed: String?
    @Flag(help: "Only print errors.") var quiet = false

    func run() throws {
        Interrupt.install()
        for (name, value, least) in [
            ("--steps", steps, 1), ("--threads", threads, 1), ("--keep", keep, 0),
        ] {
            if let value, value < least {
                throw GanymedeError.invalidOption("\(name) is at least \(least), not \(value)")
            }
        }
        let ranks = try Ranks.join(distributed)
        var how = ResumeOptions(steps: steps, threads: threads ?? ranks?.threads)
        how.communicator = ranks?.communicator
        how.source = data.map { DataSource($0) }
        how.fallsBack = fallBack
        how.rebuildsJournal = rebuildJournal
        how.keep = keep
        how.onNan = try onNan.map { try parseChoice($0, "response", NonFiniteResponse.self) }
        let console = TrainingConsole(isQuiet: quiet)
        let outcome = try Trainer.resume(folder, how) { console.attach(to: &$0) }
        if outcome.last == nil && !outcome.interrupted {
            if !quiet && Ranks.isFirst {
                print("\(quoted(folder)) is already at step \(outcome.step): nothing to do")
            }
            return
        }
        try console.report(outcome)
    }
}
