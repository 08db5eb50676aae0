import Foundation
import TestSupport
import Testing

/// The examples run, and the README contains the first one verbatim.
@Suite(.timeLimit(.minutes(20)))
struct ExampleTests {
    private static let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()

    @Test func yourOwnGAN() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(["6"], of: "example-your-own-gan", in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.contains("│ dense3 (Dense)"))
        #expect(result.output.hasSuffix("Look at runs/demo/samples\n"))
        // The command can resume a run of the library.
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

    /// A custom layer, loss, optimizer and step: one process trains, others resume and load; the command names the
    /// kinds it lacks.
    @Test func yourOwnKinds() throws {
        let folder = try TemporaryFolder()
        func run(_ arguments: String...) throws -> Command.Result {
            try Command.run(arguments, of: "example-your-own-kinds", in: folder.path)
        }
        let trained = try run("train", "run", "100")
        #expect(trained.code == 0 && trained.output.contains("step 100 [\"margin\""), "\(trained)")
        let resumed = try run("resume", "run", "110")
        #expect(resumed.output == "resumed to step 110\n", "\(resumed)")
        #expect(try run("generate", "run").output == "made 16 images of [28,28,1]\n")
        // A resumed run equals an uninterrupted one, including moving averages and optimizer state.
        #expect(try run("train", "whole", "110").code == 0)
        func bytes(_ run: String) throws -> Data {
            try Data(
                contentsOf: URL(
                    filePath: "\(folder.path)/\(run)/checkpoints/step-000110.safetensors"))
        }
        #expect(try bytes("run") == bytes("whole"))
        let unknown = try Command.run(
            ["generate", "run", "-o", "a.png"], in: folder.path)
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("there is no layer \"swish\" in the registry"))
    }

    @Test func autoencoder() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            ["200", "weights.safetensors"], of: "example-autoencoder", in: folder.path)
        #expect(result.code == 0, "\(result.errors)")
        let errors = result.output.split(separator: "\n").compactMap {
            $0.split(separator: " ").last.flatMap { Double($0) }
        }
        #expect(errors.count == 2 && errors[1] < errors[0] && errors[1] < 0.2, "\(result.output)")
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/weights.safetensors"))
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
