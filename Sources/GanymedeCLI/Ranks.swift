import ArgumentParser
import Engine
import Foundation
import Ganymede
import Synchronization

/// The processes of one run that a launcher such as `mpirun` or `srun` has started.
final class Ranks: Sendable {
    static let help = ArgumentHelp(
        "mpi: train one run on the processes that mpirun or srun has started; none: each on its own (default: mpi under such a launcher)."
    )

    /// Those that this process has joined, for what ends all of them.
    private static let current = Mutex<Ranks?>(nil)
    static var joined: Ranks? { current.withLock { $0 } }
    /// Whether this process prints: the only one, or rank 0.
    static var isFirst: Bool { joined.map { $0.mpi.rank == 0 } ?? true }

    private let mpi: MPI
    var communicator: any Communicator { mpi }
    /// Threads for this process: its share of the processors, if it may use all of them.
    let threads: Int

    /// Joins the others, once for each process; nil if there are none, or if they are not wanted.
    static func join(_ wanted: String?) throws -> Ranks? {
        let kind = try wanted.map { try parseChoice($0, "kind of --distributed", Kind.self) }
        let environment = ProcessInfo.processInfo.environment
        let launched = MPI.launched(environment)
        if kind == .alone { return nil }
        guard let launched else {
            if kind == nil { return nil }
            throw GanymedeError.invalidOption(
                "--distributed mpi is for processes that a launcher starts: mpirun -n 4 ganymede train ..."
            )
        }
        // A single process needs no others.
        if launched < 2 { return nil }
        if let joined { return joined }
        let ranks = Ranks(try MPI(environment), here: MPI.launchedHere(environment) ?? launched)
        current.withLock { $0 = ranks }
        return ranks
    }

    private init(_ mpi: MPI, here: Int) {
        self.mpi = mpi
        // A launcher that binds each process to processors of its own has shared them already.
        let isBound = Machine.processors < ProcessInfo.processInfo.processorCount
        threads = isBound ? Machine.processors : max(Machine.processors / here, 1)
    }

    private enum Kind: String, CaseIterable {
        case mpi
        case alone = "none"
    }

    /// Ends this process's part of the work.
    func finish() { mpi.finish() }

    /// Prints an error and ends all processes. What ails all of them, rank 0 says, and ends the others before they do.
    func fail(_ message: String, code: Int32) -> Never {
        if !Ranks.isFirst { Thread.sleep(forTimeInterval: 1) }
        let rank = Ranks.isFirst ? "" : "rank \(mpi.rank): "
        let text = Array("ganymede: \(rank)\(message)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
        mpi.abort(code: code)
    }
}
