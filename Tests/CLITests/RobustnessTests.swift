import Foundation
import Ganymede
import TestSupport
import Testing

/// Excessive input, and signals at any moment: one clear message, in bounded time and memory.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct RobustnessTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs the command after a shell command, such as one that limits the address space (in KiB).
    private func shell(_ before: String, _ arguments: [String]) throws -> Command.Result {
        try Command.run(
            ["-c", "\(before); exec \"$0\" \"$@\"", Command.product("ganymede")] + arguments,
            of: "/bin/sh", in: folder.path, environment: ["XDG_CACHE_HOME": "\(folder.path)/cache"],
            limit: 60)
    }

    /// Code 1 or 64, and only one message on standard error: no trap, no backtrace.
    private func expectOneMessage(
        _ result: Command.Result, _ part: String, _ comment: String = ""
    ) {
        #expect(result.code == 1 || result.code == 64, "\(comment): \(result)")
        // A progress line may come before it.
        let last = result.errors.split(separator: "\n", omittingEmptySubsequences: true)
            .drop { $0.hasPrefix("evaluating ") }
        #expect(last.first?.hasPrefix("ganymede: ") == true, "\(comment): \(result.errors)")
        #expect(result.errors.contains(part), "\(comment): \(result.errors)")
        #expect(!result.errors.contains("Backtrac") && !result.errors.contains("Fatal"))
        #expect(result.errors.utf8.count < 2000, "\(comment)")
    }

    private func config() throws -> [String: Any] {
        let printed = try Command.run(["train", "--dry-run"], in: folder.path)
        let object = try JSONSerialization.jsonObject(with: Data(printed.output.utf8))
        return try #require(object as? [String: Any])
    }

    // MARK: Sizes

    @Test(arguments: ["-1", "0", "-9223372036854775808", "9223372036854775807", "16385"])
    func impossibleSizes(size: String) throws {
        let set = try Command.run(["train", "--dry-run", "--set", "size=\(size)"], in: folder.path)
        #expect(set.code == 64)
        expectOneMessage(set, "--size is from 1 to 16384, not \(size)")
        var config = try config()
        config["size"] = Int(size)
        try folder.write("c.json", JSONSerialization.data(withJSONObject: config))
        let file = try Command.run(["train", "--dry-run", "--config", "c.json"], in: folder.path)
        expectOneMessage(file, "--size is from 1 to 16384, not \(size)")
    }

    @Test func momentumIsAShare() throws {
        for momentum in ["1.5", "-0.1"] {
            let result = try Command.run(
                [
                    "train", "--preset", "mlp", "--dry-run", "--set",
                    "gan.generator.layers.2.momentum=\(momentum)",
                ],
                in: folder.path)
            expectOneMessage(result, "its momentum is from 0 to 1, and not \(momentum)")
        }
        for momentum in ["0", "1"] {
            let result = try Command.run(
                [
                    "train", "--preset", "mlp", "--dry-run", "--set",
                    "gan.generator.layers.2.momentum=\(momentum)",
                ],
                in: folder.path)
            #expect(result.code == 0, "\(result.errors)")
        }
    }

    // MARK: Memory

    /// Under every limit the command works or says that memory is missing. The memory of the libraries themselves is
    /// not fixed.
    @Test(arguments: Array(stride(from: 300_000, through: 900_000, by: 100_000)))
    func littleAddressSpace(limit: Int) throws {
        let run = try Command.run(
            ["train"] + small + ["--steps", "1", "--quiet", "--out", "run"], in: folder.path)
        try #require(run.code == 0, "\(run.errors)")
        for arguments in [
            ["train"] + small + ["--steps", "2", "--out", "new"],
            ["generate", "run", "-o", "a.png"],
            ["resume", "run", "--steps", "3"],
            ["evaluate", "run", "--samples", "500", "--sets", "1"],
            ["bench", "--preset", "toy", "--steps", "2"],
        ] {
            let result = try shell("ulimit -v \(limit)", arguments)
            if result.code == 0 { continue }
            expectOneMessage(result, "ulimit -v leaves", "\(arguments)")
        }
        let little = try shell("ulimit -v \(limit)", ["presets"])
        #expect(little.code == 0, "\(little)")
    }

    /// A small file that unpacks to gigabytes is unpacked only as far as its header declares, or not at all.
    @Test func gzipBombs() throws {
        let pack = try Command.run(
            ["-c", "head -c 400000000 /dev/zero | gzip -1 > zeros.gz"], of: "/bin/sh",
            in: folder.path, limit: 60)
        try #require(pack.code == 0)
        let zeros = try shell("ulimit -v 500000", ["data", "inspect", "zeros.gz"])
        expectOneMessage(zeros, "zeros.gz is not an IDX file of images: it starts with 0 0 0 0")
        // Ten images are declared, and 400 MB of data follow.
        let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28]
        try folder.write("header", Data(header))
        let long = try Command.run(
            ["-c", "(cat header; head -c 400000000 /dev/zero) | gzip -1 > long.gz"], of: "/bin/sh",
            in: folder.path, limit: 60)
        try #require(long.code == 0)
        let more = try shell("ulimit -v 500000", ["data", "inspect", "long.gz"])
        expectOneMessage(
            more, "its header promises 7840 bytes of data [10,28,28], and there are 7841")
        // The declared image is larger than the limit.
        let wide: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0x60, 0]
        try folder.write("wide", Data(wide))
        _ = try Command.run(
            ["-c", "(cat wide; head -c 400000000 /dev/zero) | gzip -1 > wide.gz"], of: "/bin/sh",
            in: folder.path, limit: 60)
        let side = try shell("ulimit -v 500000", ["data", "inspect", "wide.gz"])
        expectOneMessage(
            side, "it promises images of [65536,24576], and sides of up to 16384 are read")
        // Two gigabytes are declared, and no data follows.
        let promise: [UInt8] = [0, 0, 8, 3, 0, 0, 0x7f, 0xff, 0, 0, 1, 0, 0, 0, 0, 0xff]
        try folder.write("promise", Data(promise))
        _ = try Command.run(["-c", "gzip -k promise"], of: "/bin/sh", in: folder.path)
        let lie = try shell("ulimit -v 500000", ["data", "inspect", "promise.gz"])
        expectOneMessage(lie, "promise.gz")
    }

    /// Networks with a short description that are expensive to check.
    @Test func craftedNetworks() throws {
        let config = try config()
        let dense: [String: Any] = ["kind": "dense", "units": 1_000_000, "use_bias": true]
        let image: [String: Any] = ["kind": "reshape", "shape": [500, 500, 4]]
        let flatten: [String: Any] = ["kind": "flatten"]
        let up: [String: Any] = ["kind": "up_sampling2d", "size": [8, 8]]
        func pool(_ kind: String, _ size: Int) -> [String: Any] {
            ["kind": kind, "pool_size": [size, size], "strides": [1, 1], "padding": "same"]
        }
        let embedding: [String: Any] = [
            "kind": "embedding", "input_dim": 1_000_000, "output_dim": 1,
        ]
        let networks: [(String, [[String: Any]])] = [
            ("many layers", Array(repeating: flatten, count: 50_000)),
            (
                "means",
                [dense, image, up] + Array(repeating: pool("average_pool2d", 3), count: 200) + [
                    flatten
                ]
            ),
            (
                "maxima",
                [dense, image] + Array(repeating: pool("max_pool2d", 8), count: 990) + [flatten]
            ),
            ("classes", Array(repeating: [embedding, flatten], count: 100).flatMap { $0 }),
            ("parameters", Array(repeating: dense, count: 900)),
        ]
        for (name, layers) in networks {
            var crafted = config
            var gan = try #require(config["gan"] as? [String: Any])
            var generator = try #require(gan["generator"] as? [String: Any])
            generator["layers"] = layers
            gan["generator"] = generator
            crafted["gan"] = gan
            try folder.write("c.json", JSONSerialization.data(withJSONObject: crafted))
            let result = try shell(
                "ulimit -v 1000000", ["train", "--dry-run", "--config", "c.json"])
            expectOneMessage(result, "generator", name)
        }
        try folder.write("c.json", Data(repeating: UInt8(ascii: " "), count: 5 << 20))
        let long = try Command.run(["train", "--dry-run", "--config", "c.json"], in: folder.path)
        expectOneMessage(long, "c.json has 5 MiB, more than the 4 MiB that are read")
        let deep = String(repeating: "[", count: 1 << 20)
        try folder.write("c.json", Data(deep.utf8))
        let nested = try Command.run(["train", "--dry-run", "--config", "c.json"], in: folder.path)
        expectOneMessage(nested, "c.json")
    }

    /// The same in the header of a checkpoint or an evaluator.
    @Test func craftedHeaders() throws {
        let lists = "[" + Array(repeating: "[]", count: 1_000_000).joined(separator: ",") + "]"
        for (name, fields) in [
            ("checkpoint", ["format": "ganymede 1", "step": "1", "options": lists]),
            ("evaluator", ["format": "ganymede evaluator 1", "evaluator": lists]),
            ("long", ["format": "ganymede 1", "step": "1", "options": lists + lists]),
        ] {
            let header = try JSONSerialization.data(withJSONObject: ["__metadata__": fields])
            let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
            try folder.write("\(name).safetensors", length + header)
        }
        for arguments in [
            ["generate", "checkpoint.safetensors", "-o", "a.png"],
            ["generate", "long.safetensors", "-o", "a.png"],
            ["train", "--init-from", "checkpoint.safetensors", "--out", "run"],
            ["evaluator", "list", "evaluator.safetensors"],
            [
                "train", "--evaluator", "evaluator.safetensors", "--metrics-every", "5", "--out",
                "run",
            ],
        ] {
            let result = try shell("ulimit -v 1200000", arguments)
            expectOneMessage(result, ".safetensors", "\(arguments)")
        }
    }

    // MARK: Signals

    private func start(_ before: String) throws -> Command.Running {
        try Command.start(
            ["-c", "\(before); exec \"$0\" \"$@\"", Command.product("ganymede"), "train"] + small
                + [
                    "--steps", "1000000", "--sample-every", "1000000", "--metrics-every", "0",
                    "--out", "run",
                ], of: "/bin/sh", in: folder.path)
    }

    /// A signal during preparation ends the command, even if the shell made it ignore signals.
    @Test(arguments: ["true", "trap '' INT TERM"])
    func anEarlySignalIsNotForgotten(before: String) throws {
        for signal in [SIGINT, SIGTERM] {
            let running = try start(before)
            while running.isRunning && !running.catches(signal) {}
            running.send(signal)
            let result = running.wait()
            // 130 if training had begun and the run was saved.
            #expect([-signal, 130].contains(result.code), "\(result)")
            try? FileManager.default.removeItem(atPath: "\(folder.path)/run")
        }
    }

    /// Closing the terminal saves like Ctrl-C; under `nohup` it has no effect.
    @Test(arguments: [SIGHUP, SIGTERM, SIGINT])
    func signalsSave(signal: Int32) throws {
        let journal = "\(folder.path)/run/journal.jsonl"
        func begun() throws -> Command.Running {
            let running = try start(signal == SIGHUP ? "true" : "trap '' HUP")
            while running.isRunning && (Files.status(journal)?.size ?? 0) == 0 { usleep(1000) }
            return running
        }
        let running = try begun()
        if signal != SIGHUP {
            running.send(SIGHUP)
            let size = Files.status(journal)?.size ?? 0
            while running.isRunning && (Files.status(journal)?.size ?? 0) <= size { usleep(1000) }
            #expect(running.isRunning, "SIGHUP is ignored where it was before")
        }
        running.send(signal)
        // SIGHUP comes twice: from the shell, then from the system.
        if signal == SIGHUP {
            usleep(2000)
            running.send(signal)
        }
        let result = running.wait()
        #expect(result.code == 130, "\(result)")
        #expect(result.output.contains("To resume: ganymede resume run"))
        let latest = try String(
            contentsOfFile: "\(folder.path)/run/checkpoints/latest", encoding: .utf8)
        #expect(latest != "step-000000.safetensors\n")
    }
}
