#if os(Linux)
    import Foundation
    import Ganymede
    import TestSupport
    import Testing

    /// What a step costs in memory management, counted by a library that is loaded before the C library's own
    /// functions (`Fixtures/interposer.c`): Swift, C and C++ together, on the thread that runs the kernels.
    struct AllocationTests {
        /// The interposer's report.
        private struct Counts: Decodable {
            /// Threads that executed primitives.
            let threads: Int
            /// Executions of primitives in the whole process, and in what was counted.
            let executions, counted: Int
            /// Primitives made.
            let creations: Int
            /// Memory taken and given back while no primitive was executing.
            let outside, outsideFreed: Int
            /// Memory taken and given back by oneDNN while one was.
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

        /// No memory taken or given back, neither by us nor by oneDNN, and no primitive made. oneDNN's execute does make
        /// C++ objects, at every call; the command hands it blocks that it has (`Sources/CAllocator`).
        private func expectNothing(_ found: Counts, steps: Int, executionsPerStep: Int) {
            #expect(found.threads == 1)
            #expect(found.counted == steps * executionsPerStep)
            #expect(found.creations == 0, "primitives made in \(steps) steps")
            #expect(found.outside == 0, "allocations in \(steps) steps")
            #expect(found.outsideFreed == 0)
            #expect(found.inside == found.insideFreed, "memory that oneDNN kept")
            // Without AVX-512 oneDNN multiplies by a routine that takes a large buffer at every call.
            let mayAllocate = !DNN.instructionSet.hasPrefix("avx512")
            #expect(
                found.inside <= (mayAllocate ? 2 * found.counted : 0),
                "allocations of oneDNN in \(steps) steps")
        }

        private static let lengths = [
            "mlp": 1000, "dense": 200, "conv-discriminator": 20, "dcgan": 10, "forger": 3,
        ]

        @Test(arguments: lengths.keys.sorted(), precisions)
        func stepsAllocateNothing(preset: String, precision: String) throws {
            let steps = try #require(Self.lengths[preset])
            func bench(_ preset: String, steps: Int) -> [String] {
                self.bench(preset, steps: steps, precision: precision)
            }
            // A bench of one step warms up for five; a longer one for a tenth of its steps.
            let perStep = try counts(bench(preset, steps: 1)).executions / 6
            try #require(perStep > 0)
            let warmup = max(steps / 10, 5)
            let found = try counts(
                bench(preset, steps: steps),
                (warmup * perStep + 1)...((warmup + steps) * perStep))
            expectNothing(found, steps: steps, executionsPerStep: perStep)
        }

        /// A run does more than a bench: reports, the journal, snapshots.
        @Test func trainingAllocatesNothing() throws {
            func train(_ steps: Int) -> [String] {
                [
                    "train", "--preset", "mlp", "--batch", "1", "--threads", "1", "--quiet",
                    "--precision", "f32",
                    "--steps", "\(steps)", "--sample-every", "9999", "--checkpoint-every", "9999",
                    "--metrics-every", "0",
                    "--set", "milestones=[]", "--out", "run-\(steps)",
                ]
            }
            let perStep = try counts(bench("mlp", steps: 1)).executions / 6
            // Samples before the first step and after the last one.
            let sampling = (try counts(train(1)).executions - perStep) / 2
            let (start, steps) = (sampling + 150 * perStep, 1000)
            let found = try counts(train(1200), (start + 1)...(start + steps * perStep))
            expectNothing(found, steps: steps, executionsPerStep: perStep)
        }

        /// The count can fail: counted from the start, making the program allocates, and makes primitives.
        @Test func countsWhatIsThere() throws {
            let all = try counts(bench("mlp", steps: 1), 0...1_000_000)
            #expect(all.threads == 1 && all.counted == all.executions)
            #expect(all.creations > 0 && all.outside > 0)
        }
    }
#endif
