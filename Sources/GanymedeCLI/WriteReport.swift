import ArgumentParser
import Ganymede

/// `ganymede report`
struct WriteReport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write a run's report.html anew, also while it trains.")

    @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String

    func run() throws { print(try Report.write(folder)) }
}
