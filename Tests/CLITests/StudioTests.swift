import Foundation
import TestSupport
import Testing

/// The studio, asked as browsers and others ask it.
@Suite(.timeLimit(.minutes(20)))
struct StudioTests {
    /// A command with an open studio.
    private struct Studio {
        let running: Command.Running
        let address: String
        let folder: TemporaryFolder

        init(_ arguments: [String], in folder: TemporaryFolder) throws {
            self.folder = folder
            running = try Command.start(
                arguments + ["--no-open", "--port", "0"], in: folder.path)
            let end = Date().addingTimeInterval(120)
            var found: Substring?
            while found == nil && running.isRunning && Date() < end {
                let lines = running.outputSoFar.split(separator: "\n")
                found = lines.first { $0.hasPrefix("Studio: http") && $0.hasSuffix("/") }
                usleep(5000)
            }
            address = String(try #require(found, "\(running.errorsSoFar)").dropFirst(8))
        }

        var token: String { String(address.split(separator: "/")[2]) }
        var origin: String { address.split(separator: "/").prefix(2).joined(separator: "//") }

        /// The status and the body of an answer.
        func ask(
            _ path: String, _ options: [String] = [], isWhole: Bool = false
        ) throws -> (code: String, body: String) {
            let result = try Command.run(
                ["-s", "--max-time", "20", "--path-as-is", "-w", "\n%{http_code}"] + options
                    + [isWhole ? path : address + path], of: "curl", in: folder.path)
            let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
            return (
                String(lines.last ?? ""), lines.dropLast().joined(separator: "\n")
            )
        }

        func post(
            _ path: String, _ body: String, _ more: [String] = []
        ) throws -> (code: String, body: String) {
            try ask(
                path,
                ["-H", "X-Ganymede: 1", "-H", "Content-Type: application/json", "-d", body] + more)
        }

        func end() -> Command.Result {
            running.interrupt()
            return running.wait()
        }
    }

    private func trained(in folder: TemporaryFolder, _ name: String = "run") throws {
        let result = try Command.run(
            ["train"] + small + ["--steps", "6", "--sample-every", "3", "--out", name, "--quiet"],
            in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
    }

    @Test func showsARun() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        let studio = try Studio(["studio", "run"], in: folder)
        let page = try studio.ask("", ["-D", "\(folder.path)/headers"])
        #expect(page.code == "200" && page.body.contains("<title>Ganymede studio</title>"))
        let headers = try String(contentsOfFile: "\(folder.path)/headers", encoding: .utf8)
        #expect(headers.contains("default-src 'none'; script-src 'self'"))
        #expect(!headers.lowercased().contains("access-control"))
        for file in ["studio.css", "studio.js", "curves.js", "sides.js"] {
            #expect(try studio.ask(file).code == "200")
        }
        let runs = try studio.ask("runs")
        #expect(runs.body.contains("\"name\":\"run\"") && runs.body.contains("\"is_live\":false"))
        for name in ["3", "real"] {
            let file = "\(folder.path)/\(name).png"
            #expect(try studio.ask("runs/0/samples/\(name).png", ["-o", file]).code == "200")
            let picture = try Data(contentsOf: URL(filePath: file))
            #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        }
        let images = try studio.post("runs/0/images", "{\"from\":1,\"to\":2,\"at\":0.5}")
        #expect(images.code == "200" && images.body.contains("\"width\":28"))
        let layers = try studio.post("runs/0/layers", "{\"network\":\"generator\"}")
        #expect(layers.code == "200" && layers.body.contains("\"name\":\"dense1\""))
        let pixels = Data(repeating: 9, count: 784).base64EncodedString()
        let opinion = try studio.post("runs/0/opinion", "{\"pixels\":\"\(pixels)\"}")
        #expect(opinion.code == "200" && opinion.body.contains("\"gradient\":["))
        let nearest = try studio.post("runs/0/nearest", "{\"pixels\":\"\(pixels)\",\"count\":3}")
        #expect(nearest.code == "200" && nearest.body.contains("\"places\":["))
        let ended = studio.end()
        #expect(ended.code == 0 || ended.code == 130, "\(ended.errors)")
    }

    /// The stream says all there is, then what is new, and goes on after a reconnect.
    @Test func streamsWhatIsNew() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        let studio = try Studio(["studio", "run"], in: folder)
        func stream(_ more: [String] = []) throws -> String {
            try studio.ask("events", ["-N", "--max-time", "2"] + more).body
        }
        let first = try stream()
        #expect(first.contains("id: 6.0"), "\(first)")
        #expect(first.contains("\"step\":1}") && first.contains("\"samples\":[0,3,6]"))
        let rest = try stream(["-H", "Last-Event-ID: 4.0"])
        #expect(!rest.contains("\"step\":4}") && rest.contains("\"step\":5}"), "\(rest)")
        let odd = try stream(["-H", "Last-Event-ID: x.y,99999999999999999999.1"])
        #expect(odd.contains("\"step\":1}"))
        _ = studio.end()
    }

    @Test func refusesEveryoneElse() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        try folder.write("secret.txt", Data("secret".utf8))
        let studio = try Studio(["studio", "run"], in: folder)
        let port = try #require(studio.origin.split(separator: ":").last)
        func isRefused(_ path: String, _ options: [String] = []) throws {
            let answer = try studio.ask(path, options, isWhole: true)
            #expect(answer.code == "403", "\(path) \(options): \(answer)")
            #expect(!answer.body.contains(studio.token))
        }
        let wrong = String(studio.token.reversed()) + "0"
        for path in ["", "/", "/runs", "/\(wrong)/", "/\(wrong.dropLast())/runs", "//runs"] {
            try isRefused(studio.origin + path)
        }
        for host in [
            "evil.example", "evil.example:\(port)", "127.0.0.1", "127.0.0.1:1",
            "localhost.evil.example:\(port)", "",
        ] { try isRefused(studio.address, ["-H", "Host: \(host)"]) }
        for origin in [
            "http://evil.example", "null", "https://127.0.0.1:\(port)", "http://127.0.0.1:1",
        ] { try isRefused(studio.address + "runs", ["-H", "Origin: \(origin)"]) }
        for site in ["cross-site", "same-site"] {
            try isRefused(studio.address, ["-H", "Sec-Fetch-Site: \(site)"])
        }
        // What the page itself sends is taken.
        #expect(try studio.ask("runs", ["-H", "Origin: \(studio.origin)"]).code == "200")
        #expect(try studio.ask("runs", ["-H", "Sec-Fetch-Site: same-origin"]).code == "200")

        // Paths lead nowhere but to what is listed.
        for path in [
            "../secret.txt", "runs/0/samples/../../../secret.txt", "..%2f..%2fsecret.txt",
            "%2e%2e/%2e%2e/secret.txt", "runs/0/samples/%2e%2e%2f%2e%2e%2fsecret.txt",
            "runs/0/samples/..%5c..%5csecret.txt", "runs/0/samples/%252e%252e%252fsecret.png",
            "runs/0/samples/../config.json", "runs/1/samples/3.png", "runs/-1/samples/3.png",
            "runs/00/samples/3.png", "runs/0/samples/4.png", "runs/0/samples/-3.png",
            "runs/0/samples/.png", "resources.c", "index.html/..", "runs/0/samples/3.png%00.png",
        ] {
            let answer = try studio.ask(path)
            #expect(["404", "403"].contains(answer.code), "\(path): \(answer)")
            #expect(!answer.body.contains("secret"))
        }
        _ = studio.end()
    }

    @Test func refusesBadCommands() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        let studio = try Studio(["studio", "run"], in: folder)
        let plain = ["-d", "{\"kind\":\"pause\"}"]
        #expect(try studio.ask("runs/0/command", plain).code == "403")
        let json = ["-H", "Content-Type: application/json"]
        #expect(try studio.ask("runs/0/command", plain + json).code == "403")
        let header = ["-H", "X-Ganymede: 1"]
        #expect(try studio.ask("runs/0/command", plain + header).code == "403")
        #expect(try studio.ask("runs/0/command", ["-X", "PUT"]).code == "405")
        #expect(try studio.post("runs/0/nothing", "{}").code == "404")
        #expect(try studio.post("runs/7/command", "{}").code == "404")
        // A run that another process trained is not steered.
        let pause = try studio.post("runs/0/command", "{\"kind\":\"pause\"}")
        #expect(pause.code == "400" && pause.body.contains("--studio"))
        for (verb, body) in [
            ("images", "{}"), ("images", "no json"), ("images", "{\"from\":-1}"),
            ("images", "{\"from\":1,\"count\":65}"), ("images", "{\"from\":1,\"to\":2,\"at\":7}"),
            ("images", "{\"from\":1,\"offsets\":[1e9]}"), ("images", "{\"from\":1,\"class\":3}"),
            ("opinion", "{\"pixels\":\"AAAA\"}"), ("opinion", "{\"pixels\":\"*\"}"),
            ("nearest", "{\"pixels\":\"AAAA\"}"), ("layers", "{\"network\":\"both\"}"),
            ("plane", "{}"), ("paint", "{\"points\":[1,2]}"), ("fork", "{\"step\":5}"),
            ("fork", "{\"step\":6,\"key\":\"gan.no\",\"value\":\"1\"}"),
        ] {
            let answer = try studio.post("runs/0/\(verb)", body)
            #expect(answer.code == "400", "\(verb) \(body): \(answer)")
            #expect(answer.body.contains("error"))
        }
        #expect(studio.running.isRunning)
        _ = studio.end()
    }

    /// A body of a gigabyte is neither kept nor waited for, whether it is announced or comes in chunks.
    @Test func refusesHugeBodies() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        let studio = try Studio(["studio", "run"], in: folder)
        let file = "\(folder.path)/huge"
        #expect(FileManager.default.createFile(atPath: file, contents: nil))
        try #require(FileHandle(forWritingAtPath: file)).truncate(atOffset: 1 << 30)
        let options = [
            "-H", "X-Ganymede: 1", "-H", "Content-Type: application/json", "-H", "Expect:",
        ]
        for more in [[], ["-H", "Transfer-Encoding: chunked"]] {
            let answer = try studio.ask(
                "runs/0/command", options + more + ["-X", "POST", "-T", file])
            #expect(["413", "000"].contains(answer.code), "\(answer)")
        }
        let status = try String(
            contentsOfFile: "/proc/\(studio.running.identifier)/status", encoding: .utf8)
        let peak = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM") })
        let kilobytes = try #require(Int(peak.filter(\.isNumber)))
        #expect(kilobytes < 700_000, "\(peak)")
        #expect(try studio.ask("runs").code == "200")
        _ = studio.end()
    }

    @Test func secondStudioTakesAnotherPortOrSaysWhy() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        let studio = try Studio(["studio", "run"], in: folder)
        let port = try #require(studio.origin.split(separator: ":").last)
        let second = try Command.run(
            ["studio", "run", "--no-open", "--port", "\(port)"], in: folder.path, limit: 60)
        #expect(second.code == 1, "\(second.output)")
        #expect(second.errors.contains("--port"))
        #expect(try studio.ask("runs").code == "200")
        _ = studio.end()
        for bad in ["-1", "65536", "x"] {
            let refused = try Command.run(
                ["studio", "run", "--no-open", "--port=\(bad)"], in: folder.path, limit: 60)
            #expect(refused.code == 64, "\(bad): \(refused.errors)")
        }
    }

    /// A folder that is removed while it is shown, clients that never read, and fifty open pages end nothing.
    @Test func survivesItsVisitors() throws {
        let folder = try TemporaryFolder()
        try trained(in: folder)
        let studio = try Studio(["studio", "run"], in: folder)
        let pages = try (0..<50).map { _ in
            try Command.start(
                ["-sN", "--max-time", "30", studio.address + "events"], of: "curl",
                in: folder.path)
        }
        let deaf = try (0..<4).map { _ in
            try Command.start(
                ["-sN", "--limit-rate", "1", "--max-time", "30", studio.address + "events"],
                of: "curl", in: folder.path)
        }
        #expect(try studio.ask("runs").code == "200")
        try FileManager.default.removeItem(atPath: "\(folder.path)/run")
        let gone = try studio.ask("runs/0/samples/3.png")
        #expect(gone.code == "404", "\(gone)")
        #expect(["200", "400"].contains(try studio.ask("runs").code))
        let stream = try studio.ask("events", ["-N", "--max-time", "2"]).body
        #expect(stream.contains("\"is_there\":false"), "\(stream)")
        for page in pages + deaf {
            page.kill()
            _ = page.wait()
        }
        #expect(studio.running.isRunning)
        _ = studio.end()
    }

    /// Steers a run that trains, which can be verified afterwards.
    @Test func steersWhatTrains() throws {
        let folder = try TemporaryFolder()
        let studio = try Studio(
            ["train"] + small + ["--steps", "100000", "--out", "run", "--quiet", "--studio"],
            in: folder)
        func state() throws -> String {
            try studio.ask("events", ["-N", "--max-time", "1.5"]).body
        }
        func command(_ body: String) throws {
            let answer = try studio.post("runs/0/command", body)
            #expect(answer.code == "200", "\(body): \(answer)")
        }
        try command("{\"kind\":\"pause\"}")
        #expect(try state().contains("\"is_paused\":true"))
        try command("{\"kind\":\"discriminator_step\"}")
        try command("{\"kind\":\"generator_step\"}")
        try command(
            "{\"kind\":\"set\",\"key\":\"gan.generator_optimizer.learning_rate\",\"value\":0.0004}")
        let refused = try studio.post(
            "runs/0/command",
            "{\"kind\":\"set\",\"key\":\"gan.generator_optimizer.learning_rate\",\"value\":-4}")
        #expect(refused.code == "400", "\(refused)")
        try command("{\"kind\":\"resume\"}")
        let answer = try studio.post("runs/0/images", "{\"from\":1}")
        #expect(answer.code == "200")
        let ended = studio.end()
        #expect(ended.code == 130, "\(ended.errors)")
        let journal = try String(
            contentsOfFile: "\(folder.path)/run/journal.jsonl", encoding: .utf8)
        for kind in ["pause", "discriminator_step", "generator_step", "set", "resume"] {
            #expect(journal.contains("\"kind\":\"\(kind)\""), "\(kind)")
        }
        let verified = try Command.run(["verify", "run"], in: folder.path)
        #expect(verified.code == 0, "\(verified.errors)")
        #expect(verified.output.contains("The same bits"))
    }
}
