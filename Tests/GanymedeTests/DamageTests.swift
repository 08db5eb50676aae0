import Foundation
import Ganymede
import TestSupport
import Testing

/// Damaged checkpoints, evaluators and marks: every one is found, and the newest good checkpoint is named.
@Suite(.serialized, .timeLimit(.minutes(30)))
struct DamageTests {
    private let folder: TemporaryFolder
    private var run: String { "\(folder.path)/run" }
    private var latest: String { "\(run)/checkpoints/step-000006.safetensors" }
    private var good: String { "\(run)/checkpoints/step-000004.safetensors" }

    init() throws {
        folder = try TemporaryFolder()
        var config = TrainingConfig(
            batch: 16, steps: 6, precision: .f32, sampleEvery: 3, checkpointEvery: 2, grid: [2, 2])
        config.healthEvery = 0
        try Trainer(tinyGAN(), data: .mnist, config: config).train(into: "\(folder.path)/run")
    }

    /// Ways to damage a file: what disks, file systems and people do.
    enum Damage: String, CaseIterable {
        case bitInHeader, bitInData, zeroedPage, randomPage, swappedPages, cutTail, zeroedTail
        case appended, emptied

        func apply(to bytes: inout [UInt8], _ numbers: inout TestNumbers) {
            func below(_ count: Int) -> Int { Int(numbers.next() % UInt64(count)) }
            let header = 8 + (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
            let page = min(4096, bytes.count / 4)
            func start() -> Int { below(bytes.count / page) * page }
            switch self {
            case .bitInHeader: bytes[below(header)] ^= 1 << UInt8(below(8))
            case .bitInData: bytes[header + below(bytes.count - header)] ^= 1 << UInt8(below(8))
            case .zeroedPage:
                let first = start()
                for index in first..<first + page { bytes[index] = 0 }
            case .randomPage:
                let first = start()
                for index in first..<first + page {
                    bytes[index] = UInt8(truncatingIfNeeded: numbers.next())
                }
            case .swappedPages:
                let (a, b) = (start(), start())
                for index in 0..<page { bytes.swapAt(a + index, b + index) }
            case .cutTail: bytes.removeLast(1 + below(bytes.count - 1))
            case .zeroedTail:
                for index in (bytes.count - 1 - below(bytes.count - 1))..<bytes.count {
                    bytes[index] = 0
                }
            case .appended:
                bytes += (0..<1 + below(5000)).map { _ in UInt8(truncatingIfNeeded: numbers.next())
                }
            case .emptied: bytes = []
            }
        }
    }

    /// Damages `path` many times in every way; `body` gets each that changed a byte.
    private func damage(
        _ path: String, times: Int, _ body: (_ place: String) throws -> Void
    ) throws {
        let whole = Array(try Data(contentsOf: URL(filePath: path)))
        defer { try? Data(whole).write(to: URL(filePath: path)) }
        var numbers = TestNumbers(seed: 7)
        for kind in Damage.allCases {
            for number in 0..<(kind == .emptied ? 1 : times) {
                var bytes = whole
                kind.apply(to: &bytes, &numbers)
                if bytes == whole { continue }
                try Data(bytes).write(to: URL(filePath: path))
                try body("\(kind) \(number)")
            }
        }
    }

    private func message(_ body: () throws -> Void) -> String? {
        do { try body() } catch {
            return (error as? GanymedeError)?.message.forCommands ?? "\(error)"
        }
        return nil
    }

    /// 2,000 damaged checkpoints when the tests are long.
    @Test func everyDamageIsFound() throws {
        var count = 0
        try damage(latest, times: Torture.isLong ? 250 : 8) { place in
            let said = message { try Trainer.resume(run, steps: 8) }
            #expect(
                said?.contains("step-000006.safetensors") == true, "\(place): \(said ?? "no error")"
            )
            #expect(
                said?.contains("The newest good checkpoint of the run is \(good), of step 4")
                    == true, "\(place)")
            #expect(said?.contains("--fall-back") == true)
            count += 1
        }
        #expect(count >= (Torture.isLong ? 1900 : 50))
    }

    /// What `generate` reads is checked when it reads: no damaged weight makes a picture.
    @Test func noDamagedWeightGenerates() throws {
        let sample = try Model.load(run).generate(seeds: 0..<2)
        try damage(latest, times: Torture.isLong ? 60 : 4) { place in
            // Damage to what only training reads changes nothing here.
            guard let made = try? Model.load(run).generate(seeds: 0..<2) else { return }
            #expect(made == sample, "\(place)")
            let said = message { try Trainer.resume(run, steps: 8) }
            #expect(said != nil)
        }
    }

    @Test func everyDamagedEvaluatorIsFound() throws {
        let path = "\(folder.path)/evaluator.safetensors"
        try #require(try Evaluator.shipped(for: "mnist")).write(to: path)
        _ = try Evaluator(reading: path)
        try damage(path, times: Torture.isLong ? 60 : 3) { place in
            #expect(message { _ = try Evaluator(reading: path) } != nil, "\(place)")
        }
    }

    /// A mark that holds anything but the name of a checkpoint is not believed; one that names another checkpoint than
    /// the newest does not hide it.
    @Test func marksAreNotBelieved() throws {
        let mark = "\(run)/checkpoints/latest"
        let samples = try Model.load(run).generate(seeds: 0..<2)
        for text in [
            "", "\n", "step-000006", "../step-000006.safetensors\n", "step-6.safetensors\n",
            "\u{0}\u{0}\n", "step-000006.safetensors",
        ] {
            try Data(text.utf8).write(to: URL(filePath: mark))
            let said = message { _ = try Model.load(run) }
            #expect(said?.contains("latest is damaged") == true, "\(text): \(said ?? "")")
            #expect(said?.contains("of step 6") == true)
        }
        for name in ["step-000000", "step-000004"] {
            try Data("\(name).safetensors\n".utf8).write(to: URL(filePath: mark))
            #expect(try Model.load(run).generate(seeds: 0..<2) == samples)
        }
        try Data("step-000008.safetensors\n".utf8).write(to: URL(filePath: mark))
        let said = message { _ = try Model.load(run) }
        #expect(said?.contains("step-000008.safetensors is missing") == true, "\(said ?? "")")
        try FileManager.default.removeItem(atPath: mark)
        #expect(try Trainer.resume(run, steps: 7).step == 7)
        #expect(try String(contentsOfFile: mark, encoding: .utf8) == "step-000007.safetensors\n")
    }

    /// --fall-back goes on from the newest good checkpoint, keeps the damaged file, and is the same run in the end.
    @Test func fallsBack() throws {
        let whole = try Data(contentsOf: URL(filePath: latest))
        var bytes = whole
        bytes[bytes.count - 5] ^= 4
        try bytes.write(to: URL(filePath: latest))
        var how = ResumeOptions()
        how.fallsBack = true
        #expect(try Trainer.resume(run, how).step == 6)
        #expect(try Data(contentsOf: URL(filePath: latest)) == whole)
        #expect(try Data(contentsOf: URL(filePath: latest + ".damaged")) == bytes)
        for name in try Files.list("\(run)/checkpoints") where name.hasSuffix(".safetensors") {
            try Data("nothing".utf8).write(to: URL(filePath: "\(run)/checkpoints/\(name)"))
        }
        let said = message { try Trainer.resume(run, how) }
        #expect(said?.contains("no checkpoint of \(run) is whole") == true)
    }
}
