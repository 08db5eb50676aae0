import ArgumentParser
import Foundation
import Ganymede
import Synchronization

/// `ganymede studio`
struct StudioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "studio",
        abstract: "Show runs on a local page: curves, samples, the latent space, what ails them.",
        discussion: """
            The page is served to this machine only, under an address with a random token, until Ctrl-C. A run that \
            trains in another terminal is followed. To steer a run, start it with ganymede train --studio. Without a \
            run: the newest one in runs/.
            """)

    @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run")) var folders: [String] = []
    @Option(help: "The port; 0 for a free one (default: 8642).") var port: Int?
    @Flag(help: "Do not open the page in a browser.") var noOpen = false

    func run() throws {
        let folders = folders.isEmpty ? [try StudioCommand.newest()] : folders
        if folders.count > 12 {
            throw GanymedeError.invalidOption("a page shows at most 12 runs, not \(folders.count)")
        }
        let opening = try StudioOpening(port: port, opensBrowser: !noOpen)
        let runs = try folders.map { try StudioRun($0) }
        Interrupt.install()
        Interrupt.begin()
        try opening.open(Studio(runs, warn: note))
        opening.stay(isQuiet: false)
    }

    /// The run in `runs/` whose journal changed last.
    private static func newest() throws -> String {
        let names = Files.isDirectory("runs") ? try Files.list("runs") : []
        let found = names.map { "runs/\($0)" }.filter { Files.exists("\($0)/config.json") }
            .max { changed($0) < changed($1) }
        guard let found else {
            throw GanymedeError.notFound(
                "there is no run in runs/: name one, or start one with ganymede train --studio")
        }
        return found
    }

    private static func changed(_ run: String) -> Int {
        (Files.status("\(run)/journal.jsonl") ?? Files.status("\(run)/config.json"))?.modified ?? 0
    }
}

/// Opens a studio for a command, and keeps it open.
final class StudioOpening: Sendable {
    private static let defaultPort = 8642
    private let port: Int?
    private let opensBrowser: Bool
    private let studio = Mutex<Studio?>(nil)

    /// Throws if `port` is none.
    init(port: Int?, opensBrowser: Bool) throws {
        if let port, !(0...65_535).contains(port) {
            throw GanymedeError.invalidOption("--port is from 0 to 65535, not \(port)")
        }
        self.port = port
        self.opensBrowser = opensBrowser
    }

    /// Serves the page, and prints its address.
    func open(_ studio: Studio) throws {
        let door: Studio.Door
        if let port {
            door = try studio.open(port: UInt16(port))
        } else {
            // Another studio may have the usual port; then any other will do.
            door =
                try (try? studio.open(port: UInt16(StudioOpening.defaultPort)))
                ?? studio.open(port: 0)
        }
        self.studio.withLock { $0 = studio }
        print("Studio: \(door.address)")
        fflush(nil)
        if opensBrowser { Browser.open(door.address) }
    }

    /// Trains with the studio open from the first step on.
    func train(_ trainer: inout Trainer, into path: String?) throws -> Trainer.Outcome {
        let control = RunControl()
        trainer.control = control
        trainer.onEvent = { [show = trainer.onEvent] event in
            show(event)
            guard case .started(let start) = event else { return }
            do {
                if self.studio.withLock({ $0 == nil }) {
                    try self.open(
                        Studio([StudioRun(start.directory.path, control: control)], warn: note))
                }
            } catch {
                // The run goes on: it is worth more than its page.
                note("\((error as? GanymedeError)?.message.forCommands ?? "\(error)")")
            }
        }
        return try trainer.train(into: path)
    }

    /// Keeps the page open until Ctrl-C, and lets what trains there save itself.
    func stay(isQuiet: Bool) {
        guard let studio = studio.withLock({ $0 }) else { return }
        if !isQuiet { print("The studio is open until Ctrl-C.") }
        fflush(nil)
        while !Interrupt.isRequested { Thread.sleep(forTimeInterval: 0.1) }
        studio.close()
        studio.forks.finish()
    }
}

/// The user's browser.
private enum Browser {
    /// Opens an address, where there is a screen and a command for it; else does nothing, since the address is printed.
    static func open(_ address: String) {
        let environment = ProcessInfo.processInfo.environment
        guard environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil,
            let opener = (environment["PATH"] ?? "").split(separator: ":")
                .map({ "\($0)/xdg-open" }).first(where: Files.exists)
        else { return }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: opener)
        process.arguments = [address]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try? process.run()
    }
}
