import CMPI
import Foundation

/// Processes that an MPI launcher has started: `mpirun`, or Slurm's `srun`. The library is loaded at run time.
package final class MPI: Communicator {
    package let rank: Int
    package let count: Int
    /// The library's name and version.
    package let library: String

    /// Why ranks cannot work together, and what to do.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// The number of processes that a launcher's variables tell of; nil if there is no launcher.
    package static func launched(_ environment: [String: String]) -> Int? {
        for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
            if let size = environment[name].flatMap({ Int($0) }) { return size }
        }
        // srun gives each process a rank through PMIx.
        guard environment["PMIX_RANK"] != nil else { return nil }
        return environment["SLURM_STEP_NUM_TASKS"].flatMap { Int($0) }
    }

    /// The processes on this machine that a launcher's variables tell of.
    package static func launchedHere(_ environment: [String: String]) -> Int? {
        for name in ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"] {
            if let size = environment[name].flatMap({ Int($0) }) { return size }
        }
        // Such as 4(x2),3: the nodes' numbers of tasks. Only even distributions are read.
        return environment["SLURM_STEP_TASKS_PER_NODE"].flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// Names of MPI libraries, the launcher's own first.
    package static func libraries(_ environment: [String: String]) -> [String] {
        if let given = environment["GANYMEDE_MPI_LIBRARY"] { return [given] }
        let open = ["libmpi.so.40"]
        let mpich = ["libmpi.so.12", "libmpich.so.12", "libmpich.so"]
        return environment["OMPI_COMM_WORLD_SIZE"] != nil
            ? open : environment["PMI_SIZE"] != nil ? mpich : open + mpich
    }

    /// Joins the other processes. All of them have to do that within GANYMEDE_MPI_SECONDS, by default 120.
    package init(_ environment: [String: String]) throws {
        let limit = environment["GANYMEDE_MPI_SECONDS"].flatMap { Double($0) } ?? 120
        var reasons: [String] = []
        var isJoined = false
        for name in MPI.libraries(environment) where !isJoined {
            if let reason = gmpi_start(name, limit) {
                reasons.append("\(name): \(String(cString: reason))")
            } else {
                isJoined = true
            }
        }
        guard isJoined else {
            throw Fault(
                description:
                    "there is no MPI library that works:\n  \(reasons.joined(separator: "\n  "))\nInstall the launcher's (libopenmpi3 or libmpich12 on Debian), or name its file in GANYMEDE_MPI_LIBRARY, or take --distributed none"
            )
        }
        (rank, count) = (Int(gmpi_rank()), Int(gmpi_size()))
        library = String(cString: gmpi_version())
        let missing = gmpi_meet(limit)
        guard missing < 0 else {
            throw Fault(
                description:
                    "rank \(missing) of \(count) has not come within \(Int(limit)) s; this is rank \(rank)"
            )
        }
    }

    package func sum(_ values: UnsafeMutableBufferPointer<Float>) {
        guard let start = values.baseAddress else { return }
        if !gmpi_sum(start, values.count) {
            misuse("MPI_Allreduce of \(values.count) values failed")
        }
    }

    package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
        guard let start = bytes.baseAddress else { return }
        if !gmpi_broadcast(start, bytes.count, Int32(root)) {
            misuse("MPI_Bcast of \(bytes.count) bytes failed")
        }
    }

    /// Ends this process's part, after its last call.
    package func finish() { gmpi_finish() }

    package func abort(code: Int32) -> Never { gmpi_abort(code) }
}
