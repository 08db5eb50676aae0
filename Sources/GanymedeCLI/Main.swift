import ArgumentParser
import Engine
import Foundation
import Ganymede
import Glibc

/// `ganymede`: one file for each subcommand.
struct GanymedeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ganymede",
        abstract: "Train, watch and use GANs for small images on an ordinary CPU.",
        version: "\(GanymedeLibrary.version) (oneDNN \(DNN.version), \(DNN.instructionSet))",
        subcommands: [
            Train.self, Resume.self, Verify.self, Generate.self, Interpolate.self, Evaluate.self,
            Compare.self, SweepCommand.self, EvaluatorCommand.self, Summary.self, ListPresets.self,
            WriteReport.self,
            DoctorCommand.self, StudioCommand.self, LessonCommand.self,
            DataCommand.self, Bench.self,
        ])
}

/// Sets the number of threads to `wanted`. If that is not possible, uses fewer and prints a note.
func takeThreads(_ wanted: Int) -> Int {
    let (found, reason) = EngineThread.start(threads: wanted)
    if let reason { note("\(found) thread\(found == 1 ? "" : "s") (\(reason))") }
    return found
}

#if !FUZZER
    @main
#endif
enum Main {
    static func main() {
        do {
            var command = try GanymedeCommand.parseAsRoot()
            if !(command is ListPresets || command is DataCommand.List || command is Summary) {
                try MemoryError.check(0, of: "ganymede", advice: "take another machine")
                let environment = ProcessInfo.processInfo.environment
                if let text = DNN.instructionSetNote(environment: environment) { note(text) }
            }
            try command.run()
            Ranks.joined?.finish()
        } catch let error as GanymedeError {
            fail(error.message.forCommands, code: error.isUsage ? 64 : 1)
        } catch let error as GraphFault {
            fail("the networks cannot be compiled: \(error)", code: 1)
        } catch let error as MemoryError {
            fail(error.description, code: 1)
        } catch let error as MPI.Fault {
            fail(error.description, code: 1)
        } catch let error as DNNError {
            fail(error.description, code: 1)
        } catch {
            Ranks.joined?.finish()
            GanymedeCommand.exit(withError: error)
        }
    }

    private static func fail(_ message: String, code: Int32) -> Never {
        fflush(nil)
        if let ranks = Ranks.joined { ranks.fail(message, code: code) }
        let text = Array("ganymede: \(message)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
        exit(code)
    }
}
