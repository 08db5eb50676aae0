import ArgumentParser
import Ganymede

/// `ganymede verify`
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a run again, and compare the bits.",
        discussion: """
            Nothing is written. The losses of each step are compared with the run's journal, the weights with each \
            checkpoint that is there. The same bits come from the same seed, threads, kind of processor and libraries. \
            Exits with 1 where they differ.
            """)

    @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String
    @Option(help: "Steps to train again (default: all up to the latest checkpoint).")
    var steps: Int?
    @Option(help: "Where the run's data is now, if it was moved. It must be the same data.")
    var data: String?

    func run() throws {
        Interrupt.install()
        if let steps, steps < 1 {
            throw GanymedeError.invalidOption("--steps is at least 1, not \(steps)")
        }
        let line = LoadingLine("training again")
        let found = try Verification.run(folder, steps: steps, source: data.map { DataSource($0) })
        {
            line.show($0, of: $1)
            return true
        }
        line.finish()
        for text in found.notes { note(text) }
        if let difference = found.difference {
            throw GanymedeError.mismatch(
                "\(quoted(folder)) is not the same run here: \(difference)")
        }
        let marks = found.checkpoints.map { grouped($0) }.joined(separator: ", ")
        print(
            "The same bits: \(grouped(found.reports)) steps' losses"
                + (marks.isEmpty ? "" : ", and the checkpoints of steps \(marks)"))
        if let digest = found.digest { print("SHA-256 of the last one's tensors: \(digest)") }
    }
}
