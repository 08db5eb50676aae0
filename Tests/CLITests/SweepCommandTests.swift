import Foundation
import TestSupport
import Testing

/// `ganymede sweep` as a user types it.
@Suite(.timeLimit(.minutes(20)))
struct SweepCommandTests {
    private let folder: TemporaryFolder
    private let grid = """
        name: rates
        options: {preset: toy, steps: 20, batch: 64}
        grid:
          loss: [non-saturating, hinge]
        seeds: [0, 1]
        """
    private let runs = ["loss-hinge_seed-1", "loss-non-saturating_seed-0"]

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("grid.yaml", Data(grid.utf8))
    }

    private func sweep(_ arguments: String...) throws -> Command.Result {
        try Command.run(["sweep"] + arguments, in: folder.path, limit: 120)
    }

    private func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder.path)/\(path)")
    }

    @Test func trainsSkipsResumesAndCompares() throws {
        // A run of the grid that was stopped early.
        let first = try Command.run(
            [
                "train", "--preset", "toy", "--batch", "64", "--steps", "20", "--loss", "hinge",
                "--out", "runs/rates/loss-hinge_seed-0", "--checkpoint-every", "5",
            ], in: folder.path, limit: 60)
        try #require(first.code == 0)
        let found = try sweep("grid.yaml")
        try #require(found.code == 0, "\(found)")
        for run in runs { #expect(exists("runs/rates/\(run)/report.html")) }
        #expect(found.output.contains("already at step 20"))
        #expect(found.output.contains("run 4 of 4"))
        let table = found.output.split(separator: "\n").drop { !$0.contains("mean ±") }
        #expect(table.contains { $0.contains("loss=hinge") && $0.contains(" ± ") }, "\(table)")
        let again = try sweep("grid.yaml", "--quiet")
        #expect(again.code == 0 && again.output.isEmpty, "\(again)")
        // The printed command works.
        let compare = try #require(
            found.output.split(separator: "\n").last { $0.contains("compare") })
        let command = try #require(compare.firstRange(of: "ganymede compare")).lowerBound
        let page = try Command.run(
            [
                "-c",
                compare[command...].replacing("ganymede", with: Command.product("ganymede"))
                    + " --samples 500",
            ],
            of: "/bin/sh", in: folder.path, limit: 120)
        #expect(page.code == 0, "\(page)")
        let html = try String(contentsOfFile: "\(folder.path)/compare.html", encoding: .utf8)
        #expect(html.contains("<h2>Over seeds</h2>") && html.contains("loss"))
    }

    @Test func oneRunAndTheScript() throws {
        let only = try sweep("grid.yaml", "--only", "3")
        #expect(only.code == 0 && exists("runs/rates/loss-hinge_seed-1"), "\(only)")
        #expect(!exists("runs/rates/loss-hinge_seed-0"))
        #expect(try sweep("grid.yaml", "--slurm", "job.sh").code == 0)
        // What Slurm would run for each number.
        let job = try Command.run(
            ["job.sh"], of: "/bin/sh", in: folder.path,
            environment: ["SLURM_ARRAY_TASK_ID": "0"], limit: 60)
        #expect(
            job.code == 0 && exists("runs/rates/loss-non-saturating_seed-0/report.html"), "\(job)")
        // It only lists, whatever else is asked for.
        let dry = try sweep("grid.yaml", "--dry-run", "--slurm", "dry.sh")
        #expect(!exists("dry.sh"))
        #expect(dry.output.split(separator: "\n").count == 4)
        #expect(dry.output.contains("--preset toy --steps 20 --loss hinge --seed 1 --out "))
    }

    @Test(arguments: [
        ("nome: a", "line 1, column 1: there is no key \"nome\""),
        ("name: a\ngrid: {los: [hinge]}", "los"), ("name: a\noptions: {steps: ten}", "ten"),
        ("name: a\ngrid: {loss: [hinge, hing]}", "hing"), ("name: [", "line"), ("", "empty"),
    ])
    func whatIsWrong(text: String, message: String) throws {
        try folder.write("bad.yaml", Data(text.utf8))
        let found = try sweep("bad.yaml")
        // A file that is no YAML is the world's fault, like one that is not there.
        #expect(found.code == (["name: [", ""].contains(text) ? 1 : 64), "\(found)")
        #expect(
            found.errors.contains(message) && found.errors.contains("bad.yaml"), "\(found.errors)")
        #expect(!exists("runs"))
    }

    @Test func numbersOutOfRange() throws {
        #expect(try sweep("grid.yaml", "--only", "4").code == 64)
        #expect(try sweep("nowhere.yaml").code == 1)
    }
}
