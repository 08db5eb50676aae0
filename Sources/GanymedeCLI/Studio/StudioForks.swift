import Foundation
import Ganymede
import Synchronization

/// Runs that were started from the page, each trained on a thread of its own. They share the engine with what trains
/// already, step by step.
final class StudioForks: Sendable {
    private let running = Mutex(0)
    /// Tells the person at the terminal what failed.
    private let warn: @Sendable (String) -> Void
    private static let most = 4

    init(warn: @escaping @Sendable (String) -> Void) { self.warn = warn }

    /// Trains a run that was forked, and shows it.
    ///
    /// - Returns: its place among the studio's runs.
    func train(_ directory: RunDirectory, in studio: Studio) throws -> Int {
        let isFree = running.withLock { count in
            if count >= StudioForks.most { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw GanymedeError.unsupported(
                "\(StudioForks.most) runs train here already: wait for one of them. The new one is in \(directory.path): ganymede resume \(directory.path)"
            )
        }
        let control = RunControl()
        let run = try StudioRun(directory.path, control: control)
        let place = studio.add(run)
        let thread = Thread {
            do {
                try Trainer.resume(directory.path) { trainer in
                    trainer.control = control
                    trainer.shouldStop = { Interrupt.isRequested || studio.isClosed }
                }
            } catch {
                let reason = (error as? GanymedeError)?.message.forCommands ?? "\(error)"
                self.warn("\(directory.path): \(reason)")
                run.fail(reason)
                control.end()
            }
            self.running.withLock { $0 -= 1 }
        }
        // Compiling a step needs more stack than the default of threads on some systems.
        thread.stackSize = 8 << 20
        thread.start()
        return place
    }

    /// Waits until all are saved.
    func finish() {
        while running.withLock({ $0 > 0 }) { Thread.sleep(forTimeInterval: 0.05) }
    }
}
