import Foundation
import Ganymede
import Synchronization
import TestSupport
import Testing

/// A run that a person steers while it trains.
@Suite(.timeLimit(.minutes(20)))
struct SteeringTests {
    private func config(steps: Int, keep: Int) -> TrainingConfig {
        var config = TrainingConfig(
            batch: 16, steps: steps, precision: .f32, sampleEvery: 8, checkpointEvery: 1,
            grid: [2, 2])
        config.keep = keep
        return config
    }

    /// Commands by the step after which they are sent.
    private let commands: [Int: [RunControl.Command]] = [
        2: [.set(key: "gan.discriminator_optimizer.learning_rate", value: "0.002")],
        4: [.pause, .resume],
        5: [.discriminatorStep],
        6: [.generatorStep],
        7: [.step],
        8: [.resume],
        10: [.set(key: "loss.label_smoothing", value: "0.2")],
        12: [.set(key: "gan.generator_optimizer.learning_rate", value: "0.0005")],
        13: [.pause, .set(key: "gan.clip_norm", value: "1.5"), .resume],
        15: [.discriminatorStep],
        16: [.resume],
    ]

    private func trainer(
        steps: Int = 24, stopsAfter last: Int = .max, keep: Int = 3
    ) throws -> Trainer {
        var gan = try tinyGAN()
        gan.loss = NonSaturatingLoss(labelSmoothing: 0.1)
        var trainer = Trainer(gan, data: .mnist, config: config(steps: steps, keep: keep))
        let control = RunControl()
        let done = Mutex(0)
        trainer.control = control
        trainer.onEvent = { [commands] event in
            guard case .step(let report, _) = event else { return }
            done.withLock { $0 = report.step }
            for command in commands[report.step] ?? [] {
                do { try control.send(command) } catch { Issue.record(error) }
            }
        }
        trainer.shouldStop = { done.withLock { $0 >= last } }
        return trainer
    }

    private func tensors(_ run: String, _ step: Int) throws -> [String: HostTensor] {
        let file = try Safetensors(
            "\(run)/checkpoints/step-\(String(format: "%06d", step)).safetensors")
        return Dictionary(
            uniqueKeysWithValues: try file.names.map { ($0, try file.tensor($0)) })
    }

    /// A run with a dozen events, repeated from scratch, bit for bit.
    @Test func eventsAreRepeatedBitForBit() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        var trainer = try trainer()
        let told = Mutex<[RunEvent]>([])
        trainer.onEvent = { [show = trainer.onEvent] event in
            show(event)
            if case .steered(let event) = event { told.withLock { $0.append(event) } }
        }
        try trainer.train(into: path)
        let events = told.withLock { $0 }
        #expect(events.count >= 10)
        let lines = try String(contentsOfFile: "\(path)/journal.jsonl", encoding: .utf8)
        #expect(lines.split(separator: "\n").count == 24)
        #expect(lines.contains("{\"kind\":\"discriminator_step\",\"step\":6}]"))
        let found = try Verification.run(path)
        #expect(found.isSame, "\(found.difference ?? "")")
        #expect(found.reports == 24)
        #expect(found.checkpoints.contains(24))
        // The test can fail: without its events it is another run.
        var plain = try self.trainer()
        plain.control = nil
        plain.onEvent = { _ in }
        try plain.train(into: "\(folder.path)/plain")
        #expect(try tensors("\(folder.path)/plain", 24) != tensors(path, 24))
    }

    /// A run that is stopped after its events goes on as if it had not been.
    @Test(arguments: [3, 6, 13, 20]) func resumesAsTheSameRun(_ stop: Int) throws {
        let folder = try TemporaryFolder()
        let (whole, parts) = ("\(folder.path)/whole", "\(folder.path)/parts")
        try trainer(steps: 22).train(into: whole)
        let first = try trainer(steps: 22, stopsAfter: stop).train(into: parts)
        #expect(first.interrupted)
        #expect(first.step == stop)
        let rest = try trainer(steps: 22)
        try Trainer.resume(parts) { trainer in
            trainer.control = rest.control
            trainer.onEvent = { [commands] event in
                rest.onEvent(event)
                guard case .started = event else { return }
                // The step at which it was stopped sent its commands, which nobody carried out.
                for command in commands[stop] ?? [] {
                    do { try rest.control?.send(command) } catch { Issue.record(error) }
                }
            }
        }
        #expect(try tensors(parts, 22) == tensors(whole, 22))
    }

    /// A step of one network leaves everything of the other as it was.
    @Test func stepsOfOneNetworkLeaveTheOther() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        try trainer(keep: 0).train(into: path)
        func changed(_ step: Int) throws -> Set<Substring> {
            let (old, new) = (try tensors(path, step - 1), try tensors(path, step))
            return Set(
                new.keys.filter { old[$0] != new[$0] }.compactMap { $0.split(separator: ".").first }
            )
        }
        #expect(try changed(6) == ["discriminator"])
        #expect(try changed(7) == ["generator"])
        #expect(try changed(8) == ["discriminator", "generator"])
    }

    /// A paused run that is asked to stop is saved with what was asked of it.
    @Test func stopsWhilePaused() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        var trainer = try trainer(steps: 1000)
        let control = RunControl()
        let isChanged = Mutex(false)
        trainer.control = control
        trainer.onEvent = { event in
            if case .step(let report, _) = event, report.step == 5 {
                do {
                    try control.send(.pause)
                    try control.send(.set(key: "loss.label_smoothing", value: "0.3"))
                } catch { Issue.record(error) }
            }
            if case .steered(let event) = event, case .set = event.action {
                isChanged.withLock { $0 = true }
            }
        }
        trainer.shouldStop = { isChanged.withLock { $0 } }
        let outcome = try trainer.train(into: path)
        #expect(outcome.interrupted && outcome.step == 5)
        try Trainer.resume(path, steps: 9)
        let found = try Verification.run(path)
        #expect(found.isSame, "\(found.difference ?? "")")
    }

    @Test func refusesWhatCannotChange() throws {
        let folder = try TemporaryFolder()
        let refused = Mutex<[String]>([])
        var trainer = try trainer(steps: 4)
        let control = RunControl()
        #expect(throws: GanymedeError.self) { try control.send(.pause) }
        trainer.control = control
        trainer.onEvent = { event in
            guard case .step(let report, _) = event, report.step == 1 else { return }
            let keys = [
                ("gan.discriminator_optimizer.learning_rate", "-1"),
                ("gan.discriminator_optimizer.learning_rate", "\"fast\""),
                ("gan.generator.layers.0.units", "7"), ("gan.no_such_key", "1"), ("batch", "8"),
                ("gan.packing", "2"), ("gan.noise", "uniform"), ("seed", "3"),
            ]
            for (key, value) in keys {
                do {
                    try control.send(.set(key: key, value: value))
                    Issue.record("\(key)=\(value) was taken")
                } catch { refused.withLock { $0.append("\(error)") } }
            }
        }
        try trainer.train(into: "\(folder.path)/run")
        #expect(refused.withLock { $0.count } == 8)
        #expect(throws: GanymedeError.self) { try control.send(.pause) }
        #expect(control.isOver)
    }

    /// A fork with nothing changed is the same run; with something changed it is another one that can be verified.
    @Test func forksGoOnWithTheSameNoiseAndBatches() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        try trainer().train(into: path)
        let run = try RunDirectory.open(path)
        let step = try #require(try run.checkpointSteps().first { $0 > 0 && $0 < 24 })
        let same = try run.fork(at: step, into: "\(folder.path)/same")
        try Trainer.resume(same.path)
        #expect(try tensors(same.path, 24) == tensors(path, 24))
        let other = try run.fork(
            at: step, changing: (key: "loss.label_smoothing", value: "0"),
            into: "\(folder.path)/other")
        try Trainer.resume(other.path)
        #expect(try tensors(other.path, 24) != tensors(path, 24))
        let found = try Verification.run(other.path)
        #expect(found.isSame, "\(found.difference ?? "")")
        #expect(found.reports == 24 - step)
        let reports = try JournalTail(other).read().reports.map(\.step)
        #expect(reports == Array(1...24))
        #expect(throws: GanymedeError.self) { try run.fork(at: 3, into: "\(folder.path)/none") }
    }

    /// What another process writes is seen once, in whole lines, also after the journal was replaced.
    @Test func tailFollowsTheJournal() throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", Data("{}".utf8))
        let run = try RunDirectory.open(folder.path)
        let tail = JournalTail(run)
        #expect(try tail.read().reports.isEmpty)
        func line(_ step: Int) -> Data {
            var bytes: [UInt8] = []
            var report = StepReport(step: step, dLoss: 0.5)
            if step == 2 { report.events = [RunEvent(.pause, at: 2)] }
            report.append(to: &bytes)
            return Data(bytes)
        }
        try folder.write("journal.jsonl", line(1) + line(2) + line(3).prefix(20))
        #expect(try tail.read().reports.map(\.step) == [1, 2])
        #expect(try tail.read().reports.isEmpty)
        let handle = try #require(FileHandle(forWritingAtPath: "\(folder.path)/journal.jsonl"))
        try handle.seekToEnd()
        try handle.write(contentsOf: line(3).dropFirst(20))
        let third = try tail.read()
        #expect(third.reports.map(\.step) == [3])
        #expect(!third.startsAnew)
        try folder.write("journal.jsonl", line(1))
        let again = try tail.read()
        #expect(again.startsAnew && again.reports.map(\.step) == [1])
    }
}
