import Foundation
import Ganymede
import Synchronization
import TestSupport
import Testing

/// What ails a run: a verdict of each kind, from measurements that show it, and none where one signal is missing.
@Suite(.timeLimit(.minutes(20)))
struct HealthTests {
    /// Measurements of a healthy run, 100 steps apart.
    private func healthy(_ count: Int = 8) -> [HealthSignals] {
        (0..<count).map { index in
            var signals = HealthSignals()
            signals.step = 100 * (index + 1)
            (signals.dLoss, signals.gLoss) = (1.2, 0.9)
            (signals.dAccReal, signals.dAccFake) = (0.7, 0.75)
            (signals.realOnTraining, signals.realOnTest, signals.realOnGenerated) = (0.7, 0.65, 0.2)
            (signals.logitOnTraining, signals.logitOnTest, signals.logitOnGenerated) = (
                0.5, 0.4, -0.5
            )
            (signals.imageGradient, signals.dGradient, signals.gGradient) = (0.2, 1, 0.7)
            (signals.diversity, signals.nearest, signals.movement) = (0.95, 0.9, 0.2)
            signals.classes = [Double](repeating: 0.1, count: 10)
            return signals
        }
    }

    /// The ailments after the last measurements were changed by each of `changes`.
    private func ailments(
        last count: Int, _ changes: ((inout HealthSignals, Int) -> Void)...
    ) throws -> [String] {
        var history = healthy()
        for index in history.indices.suffix(count) {
            for change in changes { change(&history[index], index) }
        }
        return Ailments.verdicts(history, try tinyGAN()).map(\.ailment)
    }

    @Test func healthyRunsHaveNoVerdict() throws {
        for count in 0...8 {
            #expect(Ailments.verdicts(healthy(count), try tinyGAN()).isEmpty)
        }
    }

    @Test func collapseNeedsTwoSignals() throws {
        let few: (inout HealthSignals, Int) -> Void = { signals, _ in signals.diversity = 0.3 }
        let twins: (inout HealthSignals, Int) -> Void = { signals, _ in signals.nearest = 0.1 }
        let classes: (inout HealthSignals, Int) -> Void = { signals, _ in
            signals.classes = [0.5, 0.5] + [Double](repeating: 0, count: 8)
        }
        #expect(try ailments(last: 2, few, twins) == ["mode-collapse"])
        #expect(try ailments(last: 2, few, classes) == ["mode-collapse"])
        #expect(try ailments(last: 2, twins, classes) == ["mode-collapse"])
        #expect(try ailments(last: 2, few).isEmpty && ailments(last: 2, twins).isEmpty)
        #expect(try ailments(last: 2, classes).isEmpty)
        #expect(try ailments(last: 1, few, twins).isEmpty)
    }

    @Test func saturationNeedsTwoSignals() throws {
        let right: (inout HealthSignals, Int) -> Void = { signals, _ in
            (signals.dAccReal, signals.dAccFake, signals.realOnGenerated) = (1, 0.99, 0)
        }
        let flat: (inout HealthSignals, Int) -> Void = { signals, _ in
            signals.imageGradient = 0.001
        }
        #expect(try ailments(last: 3, right, flat) == ["saturated-discriminator"])
        #expect(try ailments(last: 3, right).isEmpty && ailments(last: 3, flat).isEmpty)
    }

    @Test func rotationNeedsTwoSignals() throws {
        let wander: (inout HealthSignals, Int) -> Void = { signals, index in
            signals.classes = (0..<10).map { $0 / 2 == index % 5 ? 0.5 : 0 }
        }
        let shift: (inout HealthSignals, Int) -> Void = { signals, index in
            signals.classes = (0..<10).map { $0 / 2 == index % 5 ? 0.4 : 0.025 }
        }
        #expect(try ailments(last: 6, wander) == ["rotating-modes"])
        #expect(try ailments(last: 6, shift).isEmpty)
    }

    @Test func otherAilments() throws {
        #expect(
            try ailments(last: 2) { signals, _ in
                (signals.dGradient, signals.gLoss) = (90, 40)
            } == ["divergence"])
        #expect(try ailments(last: 2) { signals, _ in signals.dGradient = 90 }.isEmpty)
        #expect(
            try ailments(last: 2) { signals, _ in
                (signals.realOnTraining, signals.realOnTest, signals.logitOnTest) = (1, 0.4, -0.3)
            } == ["memorization"])
        #expect(
            try ailments(last: 2) { signals, _ in
                (signals.realOnTraining, signals.realOnTest) = (1, 0.4)
            }.isEmpty)
        #expect(
            try ailments(last: 3) { signals, _ in
                (signals.movement, signals.dAccFake) = (0.0001, 0.97)
            } == ["stuck-generator"])
        #expect(try ailments(last: 3) { signals, _ in signals.movement = 0.0001 }.isEmpty)
        #expect(
            try ailments(last: 1) { signals, _ in signals.nonFinite = "discriminator.dense1" }
                == ["non-finite"])
    }

    /// Every verdict is a sentence with two figures of evidence and a flag.
    @Test func verdictsExplainThemselves() throws {
        var history = healthy()
        for index in history.indices.suffix(3) {
            (history[index].diversity, history[index].nearest) = (0.3, 0.1)
        }
        let doctor = try Doctor(signals: history, gan: tinyGAN())
        #expect(!doctor.isHealthy && doctor.findings.count == 1)
        #expect(doctor.findings[0].since == 700 && doctor.findings[0].isCurrent)
        #expect(doctor.findings[0].verdict.evidence.count == 2)
        #expect(doctor.text.contains("it makes few different samples. [mode-collapse]"))
        #expect(doctor.text.contains("What usually helps: "))
        // It passed, after three verdicts.
        var recovered = history
        (recovered[4].diversity, recovered[4].nearest) = (0.3, 0.1)
        recovered.append(healthy(1)[0])
        recovered[recovered.count - 1].step = 900
        let later = try Doctor(signals: recovered, gan: tinyGAN())
        #expect(later.isHealthy && later.text.contains("Earlier, up to step 800"))
    }

    /// The accuracy of a discriminator whose outputs are only compared means nothing, and is not told.
    @Test func criticsHaveNoAccuracy() throws {
        let plain = try Doctor(signals: healthy(), gan: tinyGAN())
        #expect(plain.isHealthy && plain.text.contains("the discriminator classifies"))
        var gan = try tinyGAN()
        gan.loss = WassersteinLoss()
        let critic = try Doctor(signals: healthy(), gan: gan)
        #expect(critic.isHealthy && !critic.text.contains("generated samples correctly"))
        #expect(critic.text.contains("only the difference means something"))
    }

    /// Measurements change no bit of the run, and a resumed run has the record of an uninterrupted one.
    @Test func measuringChangesNothing() throws {
        let folder = try TemporaryFolder()
        let numbers = (0..<64 * 784).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let data = Dataset(name: "mine", image: [28, 28, 1], pixels: numbers, labels: nil)
        func config(_ steps: Int, _ every: Int) -> TrainingConfig {
            var config = TrainingConfig(
                batch: 8, steps: steps, sampleEvery: 100, checkpointEvery: 100)
            config.healthEvery = every
            return config
        }
        func train(_ name: String, _ steps: Int, _ every: Int) throws -> String {
            let path = "\(folder.path)/\(name)"
            try Trainer(tinyGAN(), data: data, config: config(steps, every)).train(into: path)
            return path
        }
        let (plain, measured) = try (train("plain", 9, 0), train("measured", 9, 2))
        let parts = try train("parts", 5, 2)
        try Trainer.resume(parts, steps: 9, data: data)
        let file = "checkpoints/step-000009.safetensors"
        for other in [measured, parts] {
            #expect(try trainedTensors("\(plain)/\(file)") == trainedTensors("\(other)/\(file)"))
        }
        var (whole, resumed) = try (Doctor(measured).signals, Doctor(parts).signals)
        #expect(whole[2].movement != nil && resumed[2].movement == whole[2].movement)
        #expect(abs(whole[2].dLoss - resumed[2].dLoss) < 1e-4)
        // The journal, which the means of a resumed run come from, rounds.
        for path: WritableKeyPath<HealthSignals, Double> in [
            \.dLoss, \.gLoss, \.dAccReal, \.dAccFake,
        ] {
            (whole[2][keyPath: path], resumed[2][keyPath: path]) = (0, 0)
        }
        #expect(whole == resumed)
        #expect(!FileManager.default.fileExists(atPath: "\(plain)/health.jsonl"))
        let signals = try Doctor(measured).signals
        #expect(signals.map(\.step) == [2, 4, 6, 8])
        #expect(signals.allSatisfy { $0.diversity > 0 && $0.dGradient > 0 && $0.imageGradient > 0 })
        #expect(signals[0].movement == nil && signals[1].movement != nil)
        // A cut line and those after it are left out.
        let text = try String(contentsOfFile: "\(measured)/health.jsonl", encoding: .utf8)
        try String(text.prefix(text.count - 20)).write(
            toFile: "\(measured)/health.jsonl", atomically: true, encoding: .utf8)
        #expect(try Doctor(measured).signals.count == 3)
        #expect(throws: GanymedeError.self) { try Doctor("\(folder.path)/nowhere") }
    }

    /// A run is explained while it trains, long before its first checkpoint.
    @Test func runningRunsAreExplained() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        let numbers = (0..<64 * 784).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let data = Dataset(name: "mine", image: [28, 28, 1], pixels: numbers, labels: nil)
        var config = TrainingConfig(batch: 8, steps: 9, sampleEvery: 100, checkpointEvery: 100)
        config.healthEvery = 2
        var trainer = try Trainer(tinyGAN(), data: data, config: config)
        let seen = Mutex<[Int]>([])
        trainer.onEvent = { event in
            if case .step(let report, _) = event, report.step % 4 == 1 {
                seen.withLock { $0.append((try? Doctor(path).signals.count) ?? -1) }
            }
        }
        try trainer.train(into: path)
        #expect(seen.withLock { $0 } == [0, 2, 4])
        let doctor = try Doctor(path)
        #expect(doctor.text.contains("not measured: the data has no test split"))
        #expect(try Doctor(signals: [], gan: tinyGAN()).isHealthy == false)
    }

    /// Gradients of a run that diverges may be infinite in float32.
    @Test func infiniteSignalsAreKept() throws {
        let folder = try TemporaryFolder()
        var signals = healthy(2)
        (signals[1].dGradient, signals[1].gGradient) = (.infinity, -.infinity)
        try HealthRecord.write(signals, to: "\(folder.path)/health.jsonl")
        #expect(try HealthRecord.read("\(folder.path)/health.jsonl") == signals)
        #expect(try HealthRecord.text(signals[1]).contains("\"d_gradient\":\"inf\""))
    }

    /// With many classes the shares of 200 samples change by chance.
    @Test func manyClassesDoNotRotate() throws {
        func wander(_ count: Int) throws -> [String] {
            try ailments(
                last: 7,
                { signals, index in
                    signals.classes = (0..<count).map {
                        ($0 + index) % 2 == 0 ? 2 / Double(count) : 0
                    }
                })
        }
        #expect(try wander(10).contains("rotating-modes"))
        #expect(try !wander(100).contains("rotating-modes"))
    }
}
