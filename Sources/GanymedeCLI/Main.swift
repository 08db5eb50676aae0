import ArgumentParser
import Ganymede

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `ganymede`: one file a verb.
struct GanymedeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ganymede",
        abstract: "Train, watch and use GANs for small images on an ordinary CPU.",
        version: "\(Ganymede.version) (oneDNN \(DNN.version), \(DNN.instructionSet))",
        subcommands: [
            Train.self, Resume.self, Generate.self, Summary.self, ListPresets.self,
            WriteReport.self, Bench.self,
        ])
}

@main
enum Main {
    static func main() {
        OpenMP.prepare()
        do {
            var command = try GanymedeCommand.parseAsRoot()
            try command.run()
        } catch let error as GanymedeError {
            fail(error.description, code: error.kind == .usage ? 64 : 1)
        } catch let error as GraphFault {
            fail("the networks cannot be compiled: \(error)", code: 1)
        } catch let error as MemoryError {
            fail(error.description, code: 1)
        } catch let error as DNNError {
            fail(error.description, code: 1)
        } catch {
            GanymedeCommand.exit(withError: error)
        }
    }

    private static func fail(_ message: String, code: Int32) -> Never {
        fflush(nil)
        let text = Array("ganymede: \(message)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
        exit(code)
    }
}

/// libgomp reads how long idle threads spin when it loads, before `main`.
enum OpenMP {
    /// Restarts a long-running verb once with a short spin, unless the user has set a policy. Measured on
    /// two cores: as fast as the default of 300,000 turns on a quiet machine, and no slower on a busy one.
    static func prepare() {
        let settled = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "GANYMEDE_STARTED"]
        guard ["train", "resume", "bench"].contains(CommandLine.arguments.dropFirst().first) else {
            return
        }
        guard settled.allSatisfy({ getenv($0) == nil }) else { return }
        setenv("GANYMEDE_STARTED", "1", 1)
        setenv("GOMP_SPINCOUNT", "10000", 1)
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        // Where that file is missing the command goes on as it is: slower, not wrong.
        for argument in arguments { free(argument) }
    }
}
