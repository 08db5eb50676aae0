import Foundation
import Ganymede
import TestSupport
import Testing

/// Runs of an earlier version, with every schedule and optimizer, made by `Tests/Golden/runs/make.sh`.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct OldRunTests {
    /// Resumes from step 3 to 6, and compares generated samples. They are bit-identical to the earlier version's on the
    /// same processor and libraries; elsewhere they differ by rounding.
    @Test(arguments: ["mlp", "dcgan", "forger", "toy"])
    func earlierVersionsRunGoesOn(name: String) throws {
        let folder = try TemporaryFolder()
        let run = "\(folder.path)/run"
        try FileManager.default.copyItem(
            atPath: Golden.path("runs/\(name)/before"), toPath: run)
        let resumed = try Command.run(
            ["resume", "run", "--steps", "6", "--quiet"], in: folder.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(
            resumed.errors.contains(
                "note: run/checkpoints/step-000003.safetensors is of an earlier version and bears no hash: damage to it would not be noticed\n"
            ), "\(resumed.errors)")
        #expect(!resumed.errors.contains(" 0 threads"), "\(resumed.errors)")
        let after = "checkpoints/step-000006.safetensors"
        let found = try Safetensors("\(run)/\(after)")
        let expected = try Safetensors(Golden.path("runs/\(name)/after/step-000006.safetensors"))
        let isSameMachine = expected.metadata["isa"] == DNN.instructionSet
        #expect(found.names == expected.names)
        for tensor in expected.names {
            let (new, old) = (try found.tensor(tensor), try expected.tensor(tensor))
            #expect(new.shape == old.shape)
            if isSameMachine {
                #expect(new.values == old.values, "\(tensor)")
            } else {
                for (a, b) in zip(new.values, old.values) {
                    #expect(abs(a - b) <= 1e-4 * max(1, abs(b)), "\(tensor)")
                }
            }
        }

        let generated = try Command.run(
            ["generate", "run", "--seeds", "0-15", "-o", "generated.npy"], in: folder.path)
        #expect(generated.code == 0, "\(generated.errors)")
        let made = try Data(contentsOf: URL(filePath: "\(folder.path)/generated.npy"))
        let before = try Data(
            contentsOf: URL(filePath: Golden.path("runs/\(name)/after/generated.npy")))
        #expect(made.count == before.count)
        if isSameMachine { #expect(made == before) }
    }
}
