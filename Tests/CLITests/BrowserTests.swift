import Foundation
import TestSupport
import Testing

/// The report in a browser. Needs Chromium, so it belongs to `make test-slow`.
@Suite(
    .enabled(if: ProcessInfo.processInfo.environment["GANYMEDE_SLOW"] != nil),
    .timeLimit(.minutes(20)))
struct BrowserTests {
    /// The messages of the browser's console after the page was drawn.
    private func console(_ page: String, in folder: TemporaryFolder) throws -> [Substring] {
        let result = try Command.run(
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                "--window-size=1200,3000", "--screenshot=\(folder.path)/drawn.png",
                "file://\(folder.path)/\(page)",
            ], of: "chromium", in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
        let picture = try Data(contentsOf: URL(filePath: "\(folder.path)/drawn.png"))
        #expect(picture.count > 5_000, "nothing was drawn")
        return result.errors.split(separator: "\n").filter { $0.contains("CONSOLE") }
    }

    @Test func reportOpensWithoutAComplaint() throws {
        let folder = try TemporaryFolder()
        let trained = try Command.run(
            ["train"] + small + ["--steps", "6", "--sample-every", "2", "--out", "run", "--quiet"],
            in: folder.path)
        #expect(trained.code == 0, "\(trained.errors)")
        #expect(try console("run/report.html", in: folder) == [])
    }

    /// The test above can fail.
    @Test func complaintsAreSeen() throws {
        let folder = try TemporaryFolder()
        let page = "<!DOCTYPE html><p>\(String(repeating: "text ", count: 2000))</p>"
        try folder.write("bad.html", Data((page + "<script>nothing()</script>").utf8))
        #expect(try !console("bad.html", in: folder).isEmpty)
    }
}
