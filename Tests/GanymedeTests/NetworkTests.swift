import Ganymede
import TestSupport
import Testing

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

    /// The whole round is one program: both networks, all updates, the noise.
    @Test func stepOfMLPIsPinned() throws {
        let step = TrainStep(try Presets.named("mlp").gan(), batch: 32)
        let graph = try Passes.optimize(step.graph)
        let text = graph.description
        let difference = try Golden.difference(text, "step-mlp.txt")
        #expect(difference == nil)
        #expect(text.components(separatedBy: "= philoxNormal").count - 1 == 2)
        // Two updates of the discriminator's 6 variables, one of the generator's 14.
        #expect(text.components(separatedBy: "= adam").count - 1 == 26)
        #expect(!text.contains("gradient(gradient("))
    }

    /// Images of a seed depend on nothing else.
    @Test func sampleIgnoresItsNeighbours() throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 3)
        let (sampler, image) = try Sampler.load(run.directory.path)
        let size = image.reduce(1, *)
        let many = sampler.images(seeds: Array(0..<130))
        let one = sampler.images(seeds: [129])
        #expect(Array(many[(129 * size)...]) == one)
    }

    /// The whole round is one program: it runs once a step.
    @Test func oneProgramRunIsOneStep() throws {
        let folder = try TemporaryFolder()
        #expect(try trainTiny(into: "\(folder.path)/run", steps: 7).programRuns == 7)
    }
}

/// A small system.
func tinyGAN() -> GAN {
    GAN(
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

/// A run of it on the embedded data.
func trainTiny(into path: String, steps: Int) throws -> Trainer.Outcome {
    try Trainer(tinyGAN(), data: .mnist, config: .init(batch: 16, steps: steps, grid: [2, 2]))
        .train(into: path)
}
