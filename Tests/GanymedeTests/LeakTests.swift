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
        // The C library gives free memory back to the system.
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
        let perProgram = try growth(times: Torture.isLong ? 1000 : 60) {
            let runner = try StepRunner(StepGraph(gan, batch: 16), data: data, batch: 16)
            _ = runner.step
        }
        print("compiled program: \(perProgram) KiB")
        #expect(perProgram < 40)
    }

    @Test func parsedPresets() throws {
        let text = try RunOptions(preset: Presets.named("dcgan")).text()
        let perPreset = try growth(times: Torture.isLong ? 1000 : 100) {
            _ = try RunOptions(json: Data(text.utf8), name: "test")
        }
        print("parsed preset: \(perPreset) KiB")
        #expect(perPreset < 8)
    }

    @Test func steps() throws {
        let folder = try TemporaryFolder()
        var config = TrainingConfig(
            batch: 16, steps: Torture.isLong ? 50_000 : 2_000, precision: .f32, sampleEvery: 500,
            checkpointEvery: 500, grid: [2, 2])
        config.healthEvery = 500
        let (early, late) = (Box(), Box())
        let end = config.steps
        var trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        trainer.onEvent = { [self] event in
            guard case .step(let report, _) = event else { return }
            if report.step == end / 2 { early.set(memory(), handles()) }
            if report.step == end - 1 { late.set(memory(), handles()) }
        }
        try trainer.train(into: "\(folder.path)/run")
        #expect(late.handles == early.handles)
        print("steps: \(early.memory) KiB, \(late.memory) KiB")
        #expect(late.memory - early.memory < 4096)
    }

    private final class Box: @unchecked Sendable {
        // Written on the training thread, read after it has ended.
        var (memory, handles) = (0, 0)
        func set(_ memory: Int, _ handles: Int) { (self.memory, self.handles) = (memory, handles) }
    }
}
