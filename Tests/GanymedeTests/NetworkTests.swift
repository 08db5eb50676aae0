import Foundation
import Ganymede
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20)))
struct NetworkTests {
    /// Every method of the result builder.
    @Test(arguments: [true, false])
    func builderTakesControlFlow(wide: Bool) {
        let network = Sequential("net", input: [4]) {
            for units in [8, 6] {
                Dense(units)
                ReLU()
            }
            if wide { Dense(5) }
            if wide {
                Tanh()
            } else {
                Sigmoid()
            }
            switch wide {
            case true: Dropout(0.1)
            case false: LeakyReLU()
            }
            [Dense(2), Tanh()] as [any Layer]
        }
        let tail =
            wide
            ? ["dense3", "tanh1", "dropout1", "dense4", "tanh2"]
            : ["sigmoid1", "leaky_relu1", "dense3", "tanh1"]
        #expect(network.layerNames == ["dense1", "relu1", "dense2", "relu2"] + tail)
        #expect(network.output == [2])
    }

    /// The whole step of a preset is one program, with both networks, all updates and the noise.
    @Test(arguments: Presets.all.map(\.name))
    func stepsArePinned(name: String) throws {
        let step = StepGraph(try Presets.named(name).gan(), batch: 32)
        let text = try Passes.optimize(step.graph).description
        let difference = try Golden.difference(text, "step-\(name).txt")
        #expect(difference == nil)
        // The penalties of these are exact: by second derivatives.
        #expect(
            text.contains("gradient(gradient(") == ["flagship", "stacked", "points"].contains(name))
        guard name == "mlp" else { return }
        #expect(text.components(separatedBy: "= philoxNormal").count - 1 == 2)
        // Two updates of the discriminator's 6 variables, one of the generator's 14.
        #expect(text.components(separatedBy: "= adam").count - 1 == 26)
    }

    /// The image of a seed depends on the seed alone.
    @Test func sampleIgnoresItsNeighbours() throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 3)
        let sampler = try Sampler.load(run.directory.path)
        let size = 28 * 28
        let many = sampler.images(seeds: Array(0..<130))
        let one = sampler.images(seeds: [129])
        #expect(Array(many[(129 * size)...]) == one)
    }

    /// A run older than some options resumes with their default values, from any working directory. Grids of later
    /// steps are removed.
    @Test func olderRunGoesOn() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/run"
        let whole = try trainTiny(into: "\(folder.path)/whole", steps: 3)
        _ = try trainTiny(into: path, steps: 2)
        let later = ["discriminator_batch", "fakes_in_inference", "noise", "pixels"]
        func older(_ text: String) throws -> String {
            let json = try JSON.decoder().decode(JSONValue.self, from: Data(text.utf8))
            guard case .object(var fields) = json, case .object(var gan)? = fields["gan"] else {
                return text
            }
            for key in later { gan[key] = nil }
            fields["gan"] = .object(gan)
            for key in ["milestones", "announce_samples"] { fields[key] = nil }
            return JSONValue.object(fields).text
        }
        let config = try String(contentsOfFile: "\(path)/config.json", encoding: .utf8)
        try folder.write("run/config.json", Data(older(config).utf8))
        try rewriteOptions(of: "\(path)/checkpoints/step-000002.safetensors", older)
        for stray in ["step-000099.png", "step-5.png"] {
            try folder.write("run/samples/\(stray)", Data())
        }
        let outcome = try Trainer.resume(path, steps: 3)
        #expect(outcome.step == 3)
        #expect(
            try Data(contentsOf: URL(filePath: "\(path)/samples/step-000003.png"))
                == Data(contentsOf: URL(filePath: "\(whole.directory.samplesPath)/step-000003.png"))
        )
        #expect(!FileManager.default.fileExists(atPath: "\(path)/samples/step-000099.png"))
    }

    /// A checkpoint whose networks do not fit together is refused.
    @Test(arguments: ["[784]", "[28,14,2]", "[14,14,1]", "[28,28]"])
    func brokenSystemIsRefused(input: String) throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 1).directory.path
        let file = "\(run)/checkpoints/step-000001.safetensors"
        try rewriteOptions(of: file) {
            $0.replacing("\"input\":[28,28,1]", with: "\"input\":\(input)")
        }
        #expect(throws: GanymedeError.self) { try Sampler.load(file) }
    }

    private func rewriteOptions(of path: String, _ change: (String) throws -> String) throws {
        let file = try Safetensors(path)
        var metadata = file.metadata
        let before = try #require(metadata["options"])
        metadata["options"] = try change(before)
        #expect(metadata["options"] != before)
        let tensors = try file.names.map { (name: $0, tensor: try file.tensor($0)) }
        try Safetensors.write(path, tensors, metadata: metadata)
    }

    /// A step is one run of the program.
    @Test func oneProgramRunIsOneStep() throws {
        let folder = try TemporaryFolder()
        #expect(try trainTiny(into: "\(folder.path)/run", steps: 7).programRuns == 7)
    }
}

/// A small GAN.
func tinyGAN() throws -> GAN {
    try GAN(
        generator: Sequential("generator", input: [8]) {
            Dense(16)
            LeakyReLU(0.2)
            BatchNorm(momentum: 0.8)
            Dense(784)
            Tanh()
            Reshape(28, 28, 1)
        },
        discriminator: Sequential("discriminator", input: [28, 28, 1]) {
            Flatten()
            Dense(16)
            LeakyReLU(0.2)
            Dense(1)
        })
}

/// Trains it on the embedded data.
func trainTiny(into path: String, steps: Int) throws -> Trainer.Outcome {
    // A fixed precision, because runs are compared.
    try Trainer(
        try tinyGAN(), data: .mnist,
        config: .init(batch: 16, steps: steps, precision: .f32, grid: [2, 2])
    ).train(into: path)
}
