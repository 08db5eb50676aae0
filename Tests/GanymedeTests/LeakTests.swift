import Foundation
import Ganymede
import TestSupport
import Testing

/// Memory and file handles do not grow with what was compiled, parsed and trained. The whole process is measured, so that
/// no other test may run beside: `make torture` does that.
@Suite(
    .serialized, .timeLimit(.minutes(60)),
    .enabled(if: Torture.isLong, "other tests of the same process would be measured too"))
struct LeakTests {
    /// Resident memory of the process in KiB, after what is free was given back.
    private func memory() -> Int {
        // Makes the C library give free memory back to the system.
        let trim = dlsym(nil, "malloc_trim")
        if let trim { _ = unsafeBitCast(trim, to: (@convention(c) (Int) -> Int32).self)(0) }
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(
            separator: " ")
        return (fields.flatMap { Int($0[1]) } ?? 0) * 4
    }

    private func handles() -> Int { (try? Files.list("/proc/self/fd").count) ?? 0 }

    /// Growth of the memory in KiB for each call of `body`, after some calls that fill caches.
    private func growth(times: Int, _ body: () throws -> Void) rethrows -> Double {
        for _ in 0..<10 { try body() }
        let before = memory()
        for _ in 0..<times { try body() }
        return Double(memory() - before) / Double(times)
    }

    @Test func compiledPrograms() throws {
        let gan = try tinyGAN()
        let data = try NamedDataset.mnist.load(.test)
        let earlier = handles()
        let perProgram = try growth(times: 1000) {
            let runner = try StepRunner(StepGraph(gan, batch: 16), data: data, batch: 16)
            _ = runner.step
        }
        print("compiled program: \(perProgram) KiB")
        #expect(perProgram < 2)
        #expect(handles() == earlier)
    }

    @Test func parsedPresets() throws {
        let text = try RunOptions(preset: Presets.named("dcgan")).text()
        let perPreset = try growth(times: 1000) {
            _ = try RunOptions(json: Data(text.utf8), name: "test")
        }
        print("parsed preset: \(perPreset) KiB")
        #expect(perPreset < 2)
    }

    /// The command as a user runs it, with samples, checkpoints and measurements.
    @Test func steps() throws {
        let folder = try TemporaryFolder()
        let running = try Command.start(
            [
                "train", "--preset", "mlp", "--batch", "8", "--steps", "50000", "--sample-every",
                "500",
                "--checkpoint-every", "500", "--set", "health_every=500", "--metrics-every", "0",
                "--quiet",
                "--out", "run",
            ], in: folder.path)
        func memory() -> Int {
            let status = try? String(
                contentsOfFile: "/proc/\(running.identifier)/status", encoding: .utf8)
            let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        func steps() -> Int { Files.status("\(folder.path)/run/journal.jsonl")?.size ?? 0 }
        func wait(until size: Int) { while running.isRunning && steps() < size { usleep(10_000) } }
        // A line of the journal has 170 bytes or more.
        wait(until: 5_000 * 170)
        let (early, handles) = (memory(), try Files.list("/proc/\(running.identifier)/fd").count)
        wait(until: 48_000 * 170)
        let (late, lateHandles) = (memory(), try Files.list("/proc/\(running.identifier)/fd").count)
        #expect(running.wait().code == 0)
        print("steps: \(early) KiB early, \(late) KiB late, \(handles) and \(lateHandles) handles")
        #expect(early > 0 && late - early < 2048 && lateHandles == handles)
    }
}
