import Foundation
import Ganymede
import TestSupport
import Testing

/// Runs on several processes under Open MPI. `make test-mpi` installs it and runs these.
@Suite(
    .serialized, .timeLimit(.minutes(15)),
    .enabled(
        if: ProcessInfo.processInfo.environment["GANYMEDE_MPI"] != nil, "needs MPI: make test-mpi"))
struct RankTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        var numbers = TestNumbers(seed: 4)
        let pixels = (0..<48 * 256).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        try folder.write("images.idx", IDX(shape: [48, 16, 16], bytes: pixels).data)
    }

    /// As root, as in containers, Open MPI has to be told that this is meant.
    private static let environment = [
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    ]

    private func start(
        _ ranks: [(count: Int, command: [String])], _ environment: [String: String] = [:],
        launcher: String = "/usr/bin/mpirun.openmpi"
    ) throws -> Command.Running {
        var arguments = launcher.hasSuffix("openmpi") ? ["--bind-to", "none"] : []
        for (index, part) in ranks.enumerated() {
            if index > 0 { arguments.append(":") }
            arguments += ["-n", "\(part.count)"] + part.command
        }
        return try Command.start(
            arguments, of: launcher, in: folder.path,
            environment: Self.environment.merging(environment) { $1 })
    }

    private func run(
        _ ranks: [(count: Int, command: [String])], _ environment: [String: String] = [:],
        limit: Double = 120, launcher: String = "/usr/bin/mpirun.openmpi"
    ) throws -> Command.Result {
        let running = try start(ranks, environment, launcher: launcher)
        let end = Date().addingTimeInterval(limit)
        while running.isRunning {
            if Date() > end { running.kill() }
            usleep(2000)
        }
        return running.wait()
    }

    private func train(_ preset: String, steps: Int = 6, out: String, _ more: [String] = [])
        -> [String]
    {
        let subject =
            preset == "points" || preset == "toy"
            ? [] : ["--data", "images.idx", "--size", "16", "--no-labels"]
        return [Command.product("ganymede"), "train", "--preset", preset] + subject + [
            "--batch", "16", "--steps", "\(steps)", "--threads", "1", "--metrics-every", "0",
            "--out", out,
        ] + more
    }

    private func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(folder.path)/\(path)"))
    }

    /// Losses of each step.
    private func losses(_ run: String) throws -> [(Double, Double)] {
        try String(decoding: bytes("\(run)/journal.jsonl"), as: UTF8.self).split(separator: "\n")
            .map { line in
                let fields =
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return (
                    fields?["d_loss"] as? Double ?? .nan, fields?["g_loss"] as? Double ?? .nan
                )
            }
    }

    private static let presets = [
        "mlp", "dense", "conv-discriminator", "all-conv", "dcgan", "forger", "flagship", "points",
    ]

    /// 1, 2 and 4 ranks train the same run up to rounding, and once more with the same bits.
    @Test(arguments: presets, precisions)
    func ranksAgree(preset: String, precision: String) throws {
        let more = ["--precision", precision]
        for ranks in [1, 2, 4] {
            let found = try run([(ranks, train(preset, out: "\(ranks)", more))])
            try #require(found.code == 0, "\(found.errors)")
            #expect(found.output.contains("\(ranks) ranks (Open MPI") == (ranks > 1))
        }
        _ = try run([(2, train(preset, out: "again", more))])
        let checkpoint = "checkpoints/step-000006.safetensors"
        #expect(try bytes("2/\(checkpoint)") == bytes("again/\(checkpoint)"))
        let alone = try losses("1")
        for ranks in ["2", "4"] {
            let found = try losses(ranks)
            try #require(found.count == 6)
            for (step, (a, b)) in zip(alone, found).enumerated() {
                // The first generator's loss already follows an update. Rounding grows from step to step: an adaptive
                // optimizer makes a step of the sign of a tiny gradient. DivisionTests has no rounding.
                let bound = step == 0 ? (precision == "f32" ? 1e-4 : 2e-3) : 5e-2
                #expect(abs(a.0 - b.0) <= bound, "\(ranks), step \(step + 1)")
                #expect(abs(a.1 - b.1) <= bound, "\(ranks), step \(step + 1)")
            }
        }
    }

    /// MPICH gives the same sums, and its checkpoints go on under Open MPI.
    @Test func anotherLibrary() throws {
        let mpich = "/usr/bin/mpirun.mpich"
        let found = try run([(2, train("mlp", out: "mpich"))], launcher: mpich)
        try #require(found.code == 0, "\(found.errors)")
        #expect(found.output.contains("2 ranks (MPICH Version"), "\(found.output)")
        _ = try run([(2, train("mlp", out: "open"))])
        for (a, b) in zip(try losses("mpich"), try losses("open")) {
            #expect(abs(a.0 - b.0) < 1e-3 && abs(a.1 - b.1) < 1e-3)
        }
        let resumed = try run(
            [(4, [Command.product("ganymede"), "resume", "mpich", "--steps", "9"])])
        #expect(resumed.code == 0, "\(resumed.errors)")
        let alone = try run([(3, train("mlp", out: "bad"))], launcher: mpich)
        #expect(alone.code != 0 && alone.errors.contains("3 ranks cannot share"))
    }

    /// Ranks on two hosts that a network joins: the same losses as on one. The hosts are network namespaces with names of
    /// their own, which only root can make.
    @Test(
        .enabled(
            if: getuid() == 0 && FileManager.default.fileExists(atPath: "/usr/sbin/ip"),
            "needs root and iproute2"))
    func ranksOnTwoHosts() throws {
        func shell(_ script: String) throws -> Command.Result {
            try Command.run(["-ec", script], of: "/bin/sh", in: folder.path, limit: 30)
        }
        let down = "ip netns del gma || true; ip netns del gmb || true; ip link del gmbr || true"
        let up = """
            ip link add gmbr type bridge; ip addr add 10.77.0.1/24 dev gmbr; ip link set gmbr up
            for host in a b; do
              ip netns add gm$host; ip link add gmv$host type veth peer name eth0 netns gm$host
              ip link set gmv$host master gmbr up
              if [ $host = a ]; then number=2; else number=3; fi
              ip -n gm$host addr add 10.77.0.$number/24 dev eth0
              ip -n gm$host link set eth0 up; ip -n gm$host link set lo up
            done
            """
        _ = try shell(down)
        defer { _ = try? shell(down) }
        guard try shell(up).code == 0 else { return }  // As in containers without that right.
        try folder.write(
            "agent",
            Data(
                """
                #!/bin/sh
                case $1 in 10.77.0.2) host=a;; *) host=b;; esac
                shift
                exec ip netns exec gm$host unshare --uts sh -c "hostname host-$host; $*"
                """.utf8))
        try #require(shell("chmod +x agent").code == 0)
        let options = [
            "--mca", "plm_rsh_agent", "\(folder.path)/agent", "--mca", "oob_tcp_if_include",
            "10.77.0.0/24", "--mca", "btl_tcp_if_include", "10.77.0.0/24", "--mca", "btl",
            "self,tcp", "--host", "10.77.0.2:1,10.77.0.3:1", "-n", "2",
        ]
        let found = try Command.run(
            options + train("mlp", out: "\(folder.path)/far"), of: "/usr/bin/mpirun.openmpi",
            in: folder.path, environment: Self.environment, limit: 120)
        try #require(found.code == 0, "\(found)")
        _ = try run([(2, train("mlp", out: "near"))])
        for (a, b) in zip(try losses("far"), try losses("near")) {
            #expect(abs(a.0 - b.0) < 1e-3 && abs(a.1 - b.1) < 1e-3)
        }
    }

    /// All ranks evaluate: the figures are those of one.
    @Test func ranksEvaluate() throws {
        let train = [
            Command.product("ganymede"), "train", "--preset", "points", "--data", "ring8",
            "--steps",
            "50", "--metrics-every", "0", "--out", "run",
        ]
        try #require(run([(1, train)]).code == 0)
        func figures(_ ranks: Int) throws -> [String: [String: Double]] {
            let found = try run(
                [
                    (
                        ranks,
                        [
                            Command.product("ganymede"), "evaluate", "run", "--json", "--samples",
                            "1000", "--sets", "3", "--threads", "1",
                        ]
                    )
                ])
            try #require(found.code == 0, "\(found.errors)")
            let json =
                try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any]
            #expect(json?["sets"] as? Int == 3)
            return try #require(json?["metrics"] as? [String: [String: Double]])
        }
        let alone = try figures(1)
        #expect(!alone.isEmpty)
        for ranks in [2, 4] {
            for (name, parts) in try figures(ranks) {
                for (part, value) in parts {
                    let expected = try #require(alone[name]?[part], "\(name) \(part)")
                    #expect(
                        abs(value - expected) <= 1e-9 * max(abs(expected), 1), "\(name) \(part)")
                }
            }
        }
    }

    /// The runs of a sweep follow each other on the same ranks; one that was begun is resumed by all of them.
    @Test func ranksSweep() throws {
        try folder.write(
            "grid.yaml",
            Data(
                """
                name: rates
                options: {preset: points, steps: 20, batch: 64, threads: 1, metrics-every: 0}
                grid: {loss: [non-saturating, hinge]}
                """.utf8))
        let product = Command.product("ganymede")
        let begun = try run([
            (
                1,
                [
                    product, "train", "--preset", "points", "--steps", "10", "--batch", "64",
                    "--threads", "1", "--metrics-every", "0", "--loss", "hinge", "--out",
                    "runs/rates/loss-hinge_seed-0",
                ]
            )
        ])
        try #require(begun.code == 0, "\(begun)")
        let found = try run([(2, [product, "sweep", "grid.yaml"])])
        try #require(found.code == 0, "\(found)")
        #expect(found.output.components(separatedBy: "run 2 of 2").count == 2, "\(found.output)")
        #expect(found.output.components(separatedBy: "on each of 2 ranks").count == 2)
        #expect(found.output.contains("already at step 10"), "\(found.output)")
        #expect(try losses("runs/rates/loss-non-saturating_seed-0").count == 20)
    }

    /// What a command prints about a run, only the first rank prints.
    @Test(arguments: ["--dry-run", "--print-config", "--set=help"])
    func onlyTheFirstRankPrints(option: String) throws {
        let alone = try run([(1, train("points", out: "run", [option]))])
        let both = try run([(2, train("points", out: "run", [option]))])
        try #require(alone.code == 0 && both.code == 0, "\(both)")
        #expect(!alone.output.isEmpty && both.output == alone.output)
    }

    /// A checkpoint resumes on any number of ranks.
    @Test func resumesOnOtherNumbers() throws {
        try #require(run([(2, train("mlp", steps: 4, out: "run"))]).code == 0)
        let product = Command.product("ganymede")
        for (ranks, steps) in [(4, 8), (1, 12), (2, 16)] {
            let found = try run([(ranks, [product, "resume", "run", "--steps", "\(steps)"])])
            #expect(found.code == 0, "\(found.errors)")
            #expect(found.errors.contains("the last bits can differ"), "\(found.errors)")
        }
        #expect(try losses("run").count == 16)
        let done = try run([(2, [product, "resume", "run", "--steps", "16"])])
        #expect(done.code == 0 && done.output.contains("already at step 16"), "\(done)")
        _ = try run([(1, train("mlp", steps: 16, out: "alone"))])
        for (a, b) in zip(try losses("run"), try losses("alone")) {
            #expect(abs(a.0 - b.0) < 0.1 && abs(a.1 - b.1) < 0.1)
        }
        // On as many ranks of the same library the bits go on, and nothing is said.
        let same = try run([(2, [product, "resume", "run", "--steps", "18"])])
        #expect(same.code == 0 && !same.errors.contains("the last bits"), "\(same.errors)")
    }

    /// A rank that dies ends the others soon, and the last checkpoint is whole.
    @Test(arguments: [0.2, 0.7, 1.3])
    func aRankDies(seconds: Double) throws {
        let command = train("mlp", steps: 100_000, out: "run", ["--checkpoint-every", "20"])
        let running = try start([(4, command)])
        let path = "\(folder.path)/run/checkpoints/step-000020.safetensors"
        while !FileManager.default.fileExists(atPath: path) && running.isRunning { usleep(2000) }
        Thread.sleep(forTimeInterval: seconds)
        let victim = try #require(
            Self.children(of: running.identifier).randomElement(), "mpirun has no processes")
        kill(victim, SIGKILL)
        let died = Date()
        let found = running.wait()
        #expect(Date().timeIntervalSince(died) < 10)
        #expect(found.code != 0 && !found.errors.isEmpty)
        let resumed = try Command.run(
            ["resume", "run", "--steps", "20"], in: folder.path, limit: 60)
        #expect(resumed.code == 0, "\(resumed.errors)")
    }

    /// The processes whose parent is `parent`.
    private static func children(of parent: Int32) -> [Int32] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.compactMap { Int32($0) }.filter { process in
            let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            let fields = status?.split(separator: ")").last?.split(separator: " ")
            return fields.flatMap { Int32($0[1]) } == parent
        }
    }

    /// A signal to the launcher reaches the ranks: rank 0 saves, and all end.
    @Test func aSignalSaves() throws {
        let running = try start([(2, train("mlp", steps: 1_000_000, out: "run"))])
        let path = "\(folder.path)/run/journal.jsonl"
        while !FileManager.default.fileExists(atPath: path) && running.isRunning { usleep(2000) }
        Thread.sleep(forTimeInterval: 1)
        for rank in Self.children(of: running.identifier) { kill(rank, SIGTERM) }
        let found = running.wait()
        #expect(found.output.contains("saved. To resume"), "\(found)")
        let resumed = try Command.run(
            ["resume", "run", "--steps", "1"], in: folder.path, limit: 60)
        #expect(resumed.code == 0 && resumed.output.contains("already at step"))
    }

    /// A rank that was started otherwise is found before the first step.
    @Test func ranksThatDiffer() throws {
        try folder.write(
            "other.idx",
            IDX(shape: [48, 16, 16], bytes: [UInt8](repeating: 7, count: 48 * 256)).data)
        try folder.write(
            "other/images.idx",
            IDX(shape: [48, 16, 16], bytes: [UInt8](repeating: 7, count: 48 * 256)).data)
        let copy = "\(folder.path)/ganymede-copy"
        try FileManager.default.copyItem(atPath: Command.product("ganymede"), toPath: copy)
        let handle = try FileHandle(forWritingTo: URL(filePath: copy))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([0]))
        try handle.close()
        let plain = train("mlp", out: "run")
        for (other, what) in [
            (train("mlp", out: "run", ["--seed", "3"]), "options"),
            (train("mlp", out: "run", ["--learning-rate", "1e-3"]), "options"),
            (plain.map { $0 == "images.idx" ? "other.idx" : $0 }, "options"),
            ([copy] + plain.dropFirst(), "program file"),
            (["/bin/sh", "-c", "cd other && exec \"$@\"", "sh"] + plain, "data"),
            (plain.map { $0 == "1" ? "2" : $0 }, "number of threads"),
        ] {
            let found = try run([(1, plain), (1, other)])
            #expect(found.code != 0)
            #expect(
                found.errors.contains("1 of 2 ranks have another \(what) than rank 0"),
                "\(found.errors)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run/config.json"))
        }
    }

    @Test func badInput() throws {
        let product = Command.product("ganymede")
        func fails(
            _ ranks: Int, _ command: [String], _ text: String, _ environment: [String: String] = [:]
        ) throws {
            let found = try run([(ranks, command)], environment, limit: 60)
            #expect(found.code != 0)
            #expect(found.errors.contains(text), "\(text): \(found.errors)")
        }
        try fails(3, train("mlp", out: "a"), "3 ranks cannot share a batch of 16 evenly")
        try fails(
            2, train("mlp", out: "b"), "there is no MPI library that works",
            ["GANYMEDE_MPI_LIBRARY": "/nowhere/libmpi.so"])
        try fails(
            2, train("mlp", out: "b"), "it has no MPI_Init_thread",
            ["GANYMEDE_MPI_LIBRARY": "libc.so.6"])
        try fails(
            2, train("mlp", out: "c", ["--on-nan", "rollback"]), "cannot go back after NaN")
        try fails(2, train("mlp", out: "/proc/run"), "/proc/run")
        // Without a launcher there are no other ranks.
        let alone = try Command.run(
            Array(train("mlp", out: "d", ["--distributed", "mpi"]).dropFirst()), in: folder.path)
        #expect(alone.code == 64 && alone.errors.contains("mpirun -n 4"), "\(alone)")
        // Each on its own: the second finds the folder of the first.
        let each = try run([(2, [product, "presets"])])
        #expect(each.code == 0)
    }

    /// A rank that never comes is not waited for for ever.
    @Test func aRankThatNeverStarts() throws {
        let found = try run(
            [(1, train("mlp", out: "run")), (1, ["/bin/sleep", "100"])],
            ["GANYMEDE_MPI_SECONDS": "2"], limit: 60)
        #expect(found.code != 0)
        #expect(found.errors.contains("has waited 2 s in MPI_Init"), "\(found.errors)")
    }
}
