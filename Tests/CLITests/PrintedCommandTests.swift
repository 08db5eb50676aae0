import Foundation
import Ganymede
import TestSupport
import Testing

/// Commands that a run prints work when pasted into a shell, whatever the name of the run.
@Suite(.timeLimit(.minutes(20)))
struct PrintedCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        "$(touch x)", "`touch x`", "a; touch x", "it's", "a b", "-x", "--help", "*", "a\nb",
        "\u{1b}[31m", "~",
        "deep er/run", "a\"b", "été", "a&&b", "!!", "#a", "{a,b}", "a\\",
    ])
    func commandsWork(name: String) throws {
        let run = try Command.run(
            ["train"] + small + ["--steps", "2", "--metrics-every", "0", "--out=\(name)"],
            in: folder.path)
        #expect(run.code == 0, "\(run.errors)")
        let commands = run.output.components(separatedBy: "ganymede ").dropFirst()
            .compactMap { $0.split(separator: "\n").first }.filter { $0.hasPrefix("generate ") }
        #expect(commands.count == 1, "\(run.output)")
        let bin = URL(filePath: Command.product("ganymede")).deletingLastPathComponent().path
        for command in commands {
            let result = try Command.run(
                ["-c", "PATH=\(bin):$PATH; ganymede \(command)"], of: "/bin/bash", in: folder.path)
            #expect(result.code == 0, "\(command): \(result.errors)")
        }
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/more.png"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/x"))
        // The report that the run wrote is named first.
        let last = run.output.components(
            separatedBy: "Curves, pictures, figures and what they mean on one page: ")
        #expect(last.count == 2 && last[1].contains("report.html"))
        #expect(!last[0].contains("Pictures: ") && last[1].contains("Pictures: "))
        // Errors quote paths in the same way.
        let error = try Command.run(["resume", "--steps", "9", "--", "\(name)x"], in: folder.path)
        #expect(error.code == 1 && error.errors.contains("is not the folder of a run"))
        #expect(!error.errors.contains("\u{1b}"))
    }

    /// The first line names the computation, the number of threads and the precision, always in the same form.
    @Test func theFirstLine() throws {
        let toy = [
            "train", "--preset", "toy", "--data", "ring8", "--steps", "2", "--threads", "2",
            "--metrics-every", "0", "--out",
        ]
        let expected = DNN.isBFloat16Fast ? "bf16" : "f32"
        let threads = min(2, ThreadLimit.processors)
        for round in 0..<6 {
            let run = try Command.run(toy + ["run-\(round)"], in: folder.path)
            #expect(
                run.output.hasPrefix(
                    "toy on ring8: 2 steps of 512 points (0.0 epochs), \(threads) thread\(threads == 1 ? "" : "s"), "
                        + "\(expected)\n"), "\(run.output)")
        }
        let few = try Command.run(toy + ["few", "--batch", "8"], in: folder.path)
        #expect(few.output.split(separator: "\n")[0].hasSuffix(", f32"), "\(few.output)")
        // A new run from a run's config.json keeps the choice of precision, even if `auto` would choose differently
        // here.
        let config = try String(contentsOfFile: "\(folder.path)/run-0/config.json", encoding: .utf8)
        let other = config.replacing(
            "\"precision\" : \"bf16\"\n", with: "\"precision\" : \"f32\"\n")
        #expect((other != config) == DNN.isBFloat16Fast)
        try folder.write("other.json", Data(other.utf8))
        let kept = try Command.run(
            ["train", "--config", "other.json", "--out", "kept"], in: folder.path)
        #expect(kept.output.split(separator: "\n")[0].hasSuffix(", f32"), "\(kept)")
        let asked = try Command.run(
            ["train", "--config", "other.json", "--precision", "auto", "--out", "asked"],
            in: folder.path)
        #expect(asked.output.split(separator: "\n")[0].hasSuffix(", \(expected)"), "\(asked)")
    }

    /// The message on a processor without bf16.
    @Test func bfloat16IsMissed() throws {
        let result = try Command.run(
            ["train", "--precision", "bf16", "--out", "run"], in: folder.path,
            environment: ["ONEDNN_MAX_CPU_ISA": "AVX2"])
        #expect(result.code == 1)
        #expect(
            result.errors
                == "ganymede: bf16 needs a processor with avx512_bf16, and oneDNN uses avx2 here. "
                + "Use --precision f32\n")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
    }
}
