import Foundation
import TestSupport
import Testing

/// The examples run, and the README shows the first one as it is.
struct ExampleTests {
    private static let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()

    @Test func yourOwnGAN() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(["6"], of: "example-your-own-gan", in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("│ dense3 (Dense)"))
        #expect(result.output.hasSuffix("Look at runs/demo/samples\n"))
        // A run of the library is a run of the command.
        let more = try Command.run(
            ["resume", "runs/demo", "--steps", "8", "--quiet"], in: folder.path)
        #expect(more.code == 0, "\(more.errors)")
        let images = try Command.run(
            ["generate", "runs/demo", "--seeds", "0-3", "-o", "a.png"], in: folder.path)
        #expect(images.code == 0, "\(images.errors)")
    }

    @Test func tensors() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run([], of: "example-tensors", in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
        #expect(
            result.output.hasSuffix(
                "3 x^2 = [3.0, 12.0, 27.0, 48.0]\n6 x   = [6.0, 12.0, 18.0, 24.0]\n"))
    }

    @Test func readmeShowsTheFirstExample() throws {
        let example = try String(
            contentsOf: ExampleTests.root.appending(path: "Examples/01-your-own-gan/main.swift"),
            encoding: .utf8)
        let readme = try String(
            contentsOf: ExampleTests.root.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(example)```"))
    }
}
