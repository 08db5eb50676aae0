import Foundation
import Ganymede
import TestSupport
import Testing

/// Fewer threads than requested, as in batch systems, and processors that are busy with other processes.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct ThreadTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func ganymede(_ arguments: [String], _ environment: [String: String] = [:]) throws
        -> String
    {
        let result = try Command.run(
            arguments, in: folder.path, environment: environment, limit: 120)
        try #require(
            result.code == 0, "\(arguments) \(environment): \(result.code) \(result.errors)")
        return result.output
    }

    private func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(folder.path)/\(path)"))
    }

    /// The bytes of a checkpoint without its header, which holds the number of threads.
    private func weights(_ run: String) throws -> Data {
        let file = try bytes("\(run)/checkpoints/step-000003.safetensors")
        let header = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        return file.dropFirst(8 + header)
    }

    private static let environments: [[String: String]] = [
        ["OMP_THREAD_LIMIT": "1"], ["OMP_DYNAMIC": "true"],
        ["OMP_DYNAMIC": "true", "OMP_THREAD_LIMIT": "1"], ["OMP_NUM_THREADS": "1"],
        ["OMP_MAX_ACTIVE_LEVELS": "0"], ["OMP_PROC_BIND": "true"], ["OMP_NESTED": "true"],
        ["OMP_WAIT_POLICY": "passive"], ["OMP_WAIT_POLICY": "active"], ["GOMP_SPINCOUNT": "0"],
        ["OMP_NUM_THREADS": "64"], ["OMP_SCHEDULE": "dynamic,1"],
    ]

    /// If the environment limits the threads, the run equals one with that number of threads requested.
    @Test(
        .enabled(if: ThreadLimit.processors > 1, "one processor has one thread anyway"),
        arguments: ["mlp", "dcgan"], precisions)
    func theEnvironmentChangesNothing(preset: String, precision: String) throws {
        var numbers = TestNumbers(seed: 4)
        let pixels = (0..<40 * 256).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        try folder.write("images.idx", IDX(shape: [40, 16, 16], bytes: pixels).data)
        func train(_ threads: Int, _ out: String, _ environment: [String: String] = [:]) throws
            -> String
        {
            try ganymede(
                [
                    "train", "--preset", preset, "--data", "images.idx", "--size", "16", "--batch",
                    "20", "--steps", "3", "--threads", "\(threads)", "--precision", precision,
                    "--metrics-every", "0", "--out", out,
                ], environment)
        }
        var expected: [Int: Data] = [:]
        for threads in 1...2 {
            let said = try train(threads, "plain-\(threads)")
            let found = min(threads, ThreadLimit.processors)
            #expect(said.contains(", \(found) thread"))
            expected[threads] = try weights("plain-\(threads)")
        }
        for (index, environment) in ThreadTests.environments.enumerated() {
            let said = try train(2, "run-\(index)", environment)
            let isLimited = environment["OMP_THREAD_LIMIT"] != nil
            let first = said.split(separator: "\n").first ?? ""
            #expect(
                first.contains(", 1 thread (2 asked for: OMP_THREAD_LIMIT is 1), \(precision)")
                    == isLimited, "\(first)")
            #expect(try weights("run-\(index)") == expected[isLimited ? 1 : 2], "\(environment)")
            // The actual number is recorded.
            let config = try JSONSerialization.jsonObject(with: bytes("run-\(index)/config.json"))
            let recorded = (config as? [String: Any])?["threads"] as? Int
            #expect(recorded == (isLimited ? 1 : min(2, ThreadLimit.processors)))
        }
    }

    /// Images of a checkpoint are the same, except for rounding, with any number of threads.
    @Test func generateIsTheSame() throws {
        _ = try ganymede([
            "train", "--preset", "mlp", "--steps", "30", "--metrics-every", "0", "--out", "run",
        ])
        _ = try ganymede(["generate", "run", "--seeds", "0-99", "-o", "plain.idx"])
        let plain = try bytes("plain.idx")
        for environment in ThreadTests.environments {
            _ = try ganymede(["generate", "run", "--seeds", "0-99", "-o", "a.idx"], environment)
            let found = try bytes("a.idx")
            #expect(found.count == plain.count)
            #expect(zip(found, plain).allSatisfy { abs(Int($0) - Int($1)) <= 1 }, "\(environment)")
        }
    }

    /// The user's setting of how threads wait is respected: they sleep at every loop, or hardly ever.
    @Test(.enabled(if: ThreadLimit.processors > 1, "one processor has one thread anyway"))
    func waitingIsAsSaid() throws {
        func sleeps(_ environment: [String: String]) throws -> Int {
            let result = try Command.run(
                [
                    "bench", "--preset", "mlp", "--batch", "1", "--steps", "200", "--precision",
                    "f32",
                ],
                in: folder.path, environment: environment, limit: 120)
            try #require(result.code == 0, "\(result.errors)")
            return result.sleeps
        }
        // A worker rests on a busy machine, so that it needs several measurements.
        func sleepsMore(_ one: [String: String], than other: [String: String]) throws -> Bool {
            for _ in 0..<5 where try sleeps(one) > 3 * max(sleeps(other), 50) { return true }
            return false
        }
        for active in [
            ["OMP_WAIT_POLICY": "active"], ["GOMP_SPINCOUNT": "infinity"],
            ["GOMP_SPINCOUNT": " 900G", "OMP_WAIT_POLICY": "passive"],
        ] {
            #expect(try sleepsMore(["OMP_WAIT_POLICY": "passive"], than: active), "\(active)")
        }
        #expect(try sleepsMore(["GOMP_SPINCOUNT": "0"], than: ["GOMP_SPINCOUNT": "900000k"]))
    }

    /// More threads than processors are reduced to the number of processors, with a note.
    @Test func thereIsAMostThatIsUsed() throws {
        let said = try ganymede(
            ["train"] + small + ["--steps", "3", "--threads", "1024", "--out", "run"])
        let processors = ThreadLimit.processors
        let reason = "this process may use \(processors) processor\(processors == 1 ? "" : "s")"
        #expect(said.contains("(1024 asked for: \(reason))"), "\(said)")
        let bench = try Command.run(
            ["bench", "--preset", "toy", "--steps", "3", "--threads", "1024"], in: folder.path)
        #expect(bench.code == 0 && bench.errors.contains("(1024 asked for: \(reason))"))
        // With one processor there is one thread.
        let alone = try Command.run(
            [
                "-c", "0", Command.product("ganymede"), "bench", "--preset", "toy", "--steps", "3",
                "--threads", "2",
            ],
            of: "/usr/bin/taskset", in: folder.path, limit: 120)
        #expect(alone.code == 0 && alone.output.contains("1 threads"), "\(alone)")
        #expect(
            alone.errors.contains("note: 1 thread (2 asked for: this process may use 1 processor)"))
    }

    /// oneDNN ignores what it does not know; the command says so, on its error output.
    @Test func unknownInstructionSets() throws {
        func said(_ name: String) throws -> String {
            let result = try Command.run(
                ["bench", "--preset", "toy", "--steps", "3"], in: folder.path,
                environment: ["ONEDNN_MAX_CPU_ISA": name])
            #expect(result.code == 0, "\(result)")
            return result.errors
        }
        #expect(try said("nonsense").contains("note: ONEDNN_MAX_CPU_ISA asks for nonsense, which"))
        #expect(try !said("ALL").contains("ONEDNN_MAX_CPU_ISA"))
        #expect(try !said("SSE41").contains("ONEDNN_MAX_CPU_ISA"))
        let note = DNN.instructionSetNote(
            environment: ["DNNL_MAX_CPU_ISA": "AVX512_CORE_BF16"], used: "avx2")
        #expect(note?.hasSuffix("does not have: avx2 is used") == true)
    }

    /// A run beside a process that never sleeps makes progress and gives the same result. In earlier versions 100 steps
    /// could take a minute.
    @Test func aBusyProcessorIsSurvived() throws {
        let run = [
            "train", "--preset", "mlp", "--steps", "100", "--precision", "f32", "--metrics-every",
            "0",
        ]
        _ = try ganymede(run + ["--out", "alone"])
        let busy = try (0..<2).map { _ in try BusyProcessor() }
        defer { for process in busy { process.stop() } }
        let start = Date()
        _ = try ganymede(run + ["--out", "beside"])
        // It takes a second or two; Benchmarks/busy.py measures the speed.
        #expect(Date().timeIntervalSince(start) < 20)
        let step = "checkpoints/step-000100.safetensors"
        #expect(try bytes("alone/\(step)") == bytes("beside/\(step)"))
    }
}

/// Keeps a processor busy until it is stopped.
struct BusyProcessor {
    private let process: ChildProcess

    init() throws { process = try ChildProcess(["/bin/sh", "-c", "while :; do :; done"], in: "/") }

    func stop() {
        process.send(SIGKILL)
        _ = process.wait()
    }
}
