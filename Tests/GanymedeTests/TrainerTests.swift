import Foundation
import Ganymede
import Synchronization
import TestSupport
import Testing

/// The trainer, used from a program.
@Suite(.timeLimit(.minutes(20)))
struct TrainerTests {
    private let config = TrainingConfig(
        batch: 16, steps: 6, precision: .f32, sampleEvery: 3, checkpointEvery: 4, grid: [2, 2])

    /// The name of an event.
    private func name(_ event: TrainingEvent) -> String {
        switch event {
        case .loading: "loading"
        case .note: "note"
        case .ailing: "ailing"
        case .started: "started"
        case .step(let report, _): "step \(report.step)"
        case .evaluating: "evaluating"
        case .evaluated: "evaluated"
        case .sampled(let report, let path, _): "sampled \(report.step) \(path)"
        case .saved(let step): "saved \(step)"
        case .steered(let event): "steered \(event.step)"
        }
    }

    @Test func eventsComeInOrder() async throws {
        let folder = try TemporaryFolder()
        let told = Mutex<[String]>([])
        var trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        trainer.onEvent = { event in told.withLock { $0.append(name(event)) } }
        var streamed: [String] = []
        for try await event in trainer.events(into: "\(folder.path)/run") {
            streamed.append(name(event))
        }
        let expected = [
            "started", "step 1", "step 2", "step 3", "sampled 3 samples/step-000003.png", "step 4",
            "saved 4", "step 5", "step 6", "sampled 6 samples/step-000006.png", "saved 6",
        ]
        #expect(streamed == expected)
        #expect(told.withLock { $0 } == expected)
        // The results are the same without callbacks.
        try Trainer(tinyGAN(), data: .mnist, config: config).train(into: "\(folder.path)/other")
        func bytes(_ run: String) throws -> Data {
            try Data(
                contentsOf: URL(
                    filePath: "\(folder.path)/\(run)/checkpoints/step-000006.safetensors"))
        }
        #expect(try bytes("run") == bytes("other"))
    }

    /// A cancelled task leaves a run that can be resumed.
    @Test func cancelledTasksSave() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        var config = config
        config.steps = 1_000_000
        let reader = Mutex<Task<Int, any Error>?>(nil)
        var trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        trainer.onEvent = { event in
            if case .step(let report, _) = event, report.step >= 5 {
                reader.withLock { $0?.cancel() }
            }
        }
        let task = Task { [trainer] in
            var steps = 0
            for try await event in trainer.events(into: path) {
                if case .step = event { steps += 1 }
            }
            return steps
        }
        reader.withLock { $0 = task }
        _ = try await task.value
        let saved = try await untilUnlocked(path)
        #expect((5..<1_000_000).contains(saved))
        #expect(try Trainer.resume(path, steps: saved + 2).step == saved + 2)
    }

    /// The step of the last checkpoint, after the training thread has released the run.
    private func untilUnlocked(_ path: String) async throws -> Int {
        while true {
            do {
                let outcome = try Trainer.resume(path, steps: 1)
                return outcome.step
            } catch let error as GanymedeError where "\(error)".contains("is being trained") {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// A run is released at its end though a child process, which any thread may be starting, still shares its lock.
    @Test func childProcessesDoNotKeepTheLock() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        let shared = Mutex<Int32>(-1)
        var trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        trainer.onEvent = { event in
            guard case .started = event else { return }
            for name in (try? Files.list("/proc/self/fd")) ?? [] {
                let target = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/\(name)")
                if target?.hasSuffix("\(path)/.lock") == true, let number = Int32(name) {
                    shared.withLock { $0 = dup(number) }
                }
            }
        }
        try trainer.train(into: path)
        let copy = shared.withLock { $0 }
        defer { close(copy) }
        #expect(copy >= 0)
        #expect(try Trainer.resume(path, steps: config.steps + 1).step == config.steps + 1)
    }

    /// Synchronous training inside a task stops when the task is cancelled.
    @Test func synchronousTrainingIsCancelled() async throws {
        let folder = try TemporaryFolder()
        var config = config
        config.steps = 1_000_000
        var trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        trainer.onEvent = { event in
            if case .step(let report, _) = event, report.step == 7 {
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        let outcome = try await Task.detached { [trainer] in
            try trainer.train(into: "\(folder.path)/run")
        }.value
        #expect(outcome.interrupted && outcome.step == 7)
    }

    @Test func errorsEndTheSequence() async throws {
        let folder = try TemporaryFolder()
        try folder.write("run/file", Data())
        let trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        await #expect(throws: GanymedeError.self) {
            for try await _ in trainer.events(into: "\(folder.path)/run") {}
        }
    }

    /// Samples in memory: training, resuming with the same samples but not with others, and loading.
    @Test func dataInMemory() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        let pixels = (0..<784 * 40).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let data = Dataset(name: "mine", image: [28, 28, 1], pixels: pixels, labels: nil)
        try Trainer(tinyGAN(), data: data, config: config).train(into: path)
        #expect(throws: GanymedeError.self) { try Trainer.resume(path, steps: 8) }
        let others = Dataset(
            name: "mine", image: [28, 28, 1], pixels: pixels.reversed(), labels: nil)
        #expect(throws: GanymedeError.self) {
            try Trainer.resume(path, steps: 8, data: others)
        }
        #expect(try Trainer.resume(path, steps: 8, data: data).step == 8)
        let model = try Model.load(path)
        let samples = try model.generate(seeds: [5, 6])
        #expect(samples.count == 2 && samples.extent == .image([28, 28, 1]))
        #expect(samples == (try model.generate([5, 6].map { try model.latent(seed: $0) })))
        #expect(
            throws: GanymedeError.invalidOption(
                "points holds points, and the networks make images of [28,28,1]")
        ) {
            let points = Dataset(name: "points", points: [1, 2], labels: nil)
            try Trainer(tinyGAN(), data: points, config: config).train(into: "\(folder.path)/no")
        }
    }

    /// NaN or infinity is an error case that a caller can switch over.
    @Test func nonFiniteIsACase() throws {
        let folder = try TemporaryFolder()
        var gan = try tinyGAN()
        gan.generatorOptimizer = SGD(learningRate: 1e38)
        let error = #expect(throws: GanymedeError.self) {
            try Trainer(gan, data: .mnist, config: config).train(into: "\(folder.path)/run")
        }
        guard case .nonFinite(let step, let tensor, let checkpoint) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect((1...6).contains(step) && tensor.contains("%"))
        #expect(checkpoint?.hasSuffix("step-000000.safetensors") == true)
    }
}

/// Other threads use the engine during training.
@Suite(.timeLimit(.minutes(20)))
struct SharedEngineTests {
    /// The training thread holds the engine, except for a moment between steps. The test uses its own threads, because
    /// all threads of the test runner may be waiting for the engine.
    @Test func modelsGenerateMeanwhile() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/first"
        var config = TrainingConfig(batch: 16, steps: 2, precision: .f32, grid: [2, 2])
        try Trainer(tinyGAN(), data: .mnist, config: config).train(into: path)
        let model = try Model.load(path)
        let expected = try model.generate(seeds: 0..<3)
        config.steps = 1_000_000
        let generated = Mutex<Samples?>(nil)
        var trainer = Trainer(try tinyGAN(), data: .mnist, config: config)
        trainer.onEvent = { event in
            guard case .step(let report, _) = event, report.step == 3 else { return }
            Thread.detachNewThread {
                let samples = try? model.generate(seeds: 0..<3)
                generated.withLock { $0 = samples }
            }
        }
        trainer.shouldStop = { generated.withLock { $0 != nil } }
        let outcome = try trainer.train(into: "\(folder.path)/second")
        #expect(outcome.interrupted && generated.withLock { $0 } == expected)
    }
}
