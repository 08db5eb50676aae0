import ArgumentParser
import Ganymede

/// `ganymede report`
struct WriteReport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Rewrite a run's report.html, also during training.")

    @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String

    func run() throws { print(try Report.write(folder)) }
}
