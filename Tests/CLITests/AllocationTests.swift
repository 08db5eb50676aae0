import Foundation
import Ganymede
import TestSupport
import Testing

/// Memory allocations of a step, counted by a preloaded library that wraps the C library's functions
/// (`Fixtures/interposer.c`). It counts Swift, C and C++ together, on the thread that runs the kernels.
struct AllocationTests {
    /// The interposer's report.
    private struct Counts: Decodable {
        /// Threads that trained.
        let threads: Int
        /// Marks, of which every step has as many, in the whole process and in the counted part.
        let marks, counted: Int
        /// Primitives of oneDNN that were executed and created. Without AVX-512 most presets need none.
        let executions, creations: Int
        /// Allocations and frees while no primitive was executing.
        let outside, outsideFreed: Int
        /// Allocations and frees by oneDNN while a primitive was executing.
        let inside, insideFreed: Int
    }

    private let folder: TemporaryFolder
    private let library: String

    init() throws {
        folder = try TemporaryFolder()
        library = "\(folder.path)/interposer.so"
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/interposer.c").path
        let result = try Command.run(
            ["clang", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source],
            of: "/usr/bin/env", in: folder.path)
        try #require(result.code == 0, "\(result.errors)")
    }

    private func counts(_ arguments: [String], _ range: ClosedRange<Int>? = nil) throws
        -> Counts
    {
        let report = "\(folder.path)/counts.json"
        var environment = ["LD_PRELOAD": library, "GANYMEDE_COUNTS": report]
        // A step is marked by Adam and by oneDNN. `forger` has no Adam, and with matrix registers no need of oneDNN.
        if arguments.contains("forger") {
            environment["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_BF16"
        }
        if let range {
            environment["GANYMEDE_COUNTS_FROM"] = "\(range.lowerBound)"
            environment["GANYMEDE_COUNTS_UNTIL"] = "\(range.upperBound)"
        }
        let result = try Command.run(arguments, in: folder.path, environment: environment)
        try #require(result.code == 0, "\(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Counts.self, from: Data(contentsOf: URL(filePath: report)))
    }

    private func bench(_ preset: String, steps: Int, precision: String = "f32") -> [String] {
        [
            "bench", "--preset", preset, "--batch", "1", "--threads", "1", "--steps",
            "\(steps)", "--precision", precision,
        ]
    }

    /// No allocations or frees outside oneDNN, and no primitive created. oneDNN's execute puts its arguments into a map:
    /// a node for each argument and its table, seven small C++ objects or fewer at every call, of which it keeps none.
    private func expectNothing(_ found: Counts, counted: Int, steps: Int) {
        #expect(found.threads == 1)
        #expect(found.counted == counted && counted > 0)
        #expect(found.creations == 0, "primitives made in \(steps) steps")
        #expect(found.outside == 0, "allocations in \(steps) steps")
        #expect(found.outsideFreed == 0)
        #expect(found.inside == found.insideFreed, "memory that oneDNN kept")
        // More in oneDNN 3, and without AVX-512, where its matrix product makes a large buffer at every call.
        let isUsual = DNN.instructionSet.hasPrefix("avx512") && DNN.version.hasPrefix("2.")
        let perCall = isUsual ? 7 : 9
        #expect(
            found.inside <= perCall * found.executions, "allocations of oneDNN in \(steps) steps")
    }

    private static let lengths = [
        "mlp": 500, "dense": 50, "conv-discriminator": 20, "dcgan": 10, "forger": 3,
    ]

    @Test(arguments: lengths.keys.sorted(), precisions)
    func stepsAllocateNothing(preset: String, precision: String) throws {
        let steps = try #require(Self.lengths[preset])
        func bench(_ preset: String, steps: Int) -> [String] {
            self.bench(preset, steps: steps, precision: precision)
        }
        // A benchmark of one step has five warmup steps; a longer one has a tenth of its steps.
        let (short, long) = (
            try counts(bench(preset, steps: 1)).marks,
            try counts(bench(preset, steps: 6)).marks
        )
        let perStep = (long - short) / 5
        try #require(perStep > 0 && long - short == 5 * perStep)
        // The measured steps come last.
        let all = try counts(bench(preset, steps: steps)).marks
        let range = (all - steps * perStep + 1)...all
        let found = try counts(bench(preset, steps: steps), range)
        expectNothing(found, counted: range.count, steps: steps)
    }

    /// A run does more than a benchmark: reports, the journal, snapshots. Evaluations and measurements of health, every
    /// now and then, do allocate.
    @Test func trainingAllocatesNothing() throws {
        func train(_ steps: Int) -> [String] {
            [
                "train", "--preset", "mlp", "--batch", "1", "--threads", "1", "--quiet",
                "--precision", "f32",
                "--steps", "\(steps)", "--sample-every", "9999", "--checkpoint-every", "9999",
                "--metrics-every", "0",
                "--set", "milestones=[]", "--set", "health_every=0", "--out", "run-\(steps)",
            ]
        }
        let (short, long) = (try counts(train(1)).marks, try counts(train(11)).marks)
        let perStep = (long - short) / 10
        try #require(perStep > 0)
        // Samples before the first step and after the last one.
        let (start, steps) = (short - perStep + 150 * perStep, 900)
        let range = (start + 1)...(start + steps * perStep)
        let found = try counts(train(1200), range)
        expectNothing(found, counted: range.count, steps: steps)
    }

    /// Checks the counter: counted from the start, compiling the program allocates and creates primitives.
    @Test func countsWhatIsThere() throws {
        let all = try counts(bench("mlp", steps: 1), 0...1_000_000)
        #expect(all.threads == 1 && all.counted == all.marks)
        #expect(all.outside > 0)
        // With AVX2 nothing of it is oneDNN's; with less, as with AVX-512, products are.
        #expect((all.creations > 0) == !DNN.instructionSet.hasPrefix("avx2"))
    }
}
