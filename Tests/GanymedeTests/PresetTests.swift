import Ganymede
import TestSupport
import Testing

/// The presets at full size.
@Suite(.timeLimit(.minutes(20)))
struct PresetTests {
    /// Parameter counts of the documents: generator, its trainable ones, discriminator.
    static let parameters: [String: [Int]] = [
        "flagship": [267_777, 267_521, 109_281],
        "stacked": [534_273, 533_889, 281_921],
        "points": [33_666, 33_666, 33_537],
        "mlp": [1_493_520, 1_489_936, 533_505],
        "dcgan": [2_330_944, 2_305_472, 212_865],
        "dense": [1_477_136, 1_477_136, 1_460_225],
        "conv-discriminator": [1_477_136, 1_477_136, 412_481],
        "all-conv": [412_544, 412_032, 412_481],
        "forger": [183_713, 177_329, 4_311_553],
        "toy": [35_202, 34_434, 33_537],
    ]

    @Test(arguments: Presets.all.map(\.name))
    func parametersAndShapes(name: String) throws {
        let gan = try Presets.named(name).gan()
        let trainable = gan.generator.variables.filter(\.trainable).map(\.shape.count)
        #expect(
            [
                gan.generator.parameterCount, trainable.reduce(0, +),
                gan.discriminator.parameterCount,
            ] == PresetTests.parameters[name])
        #expect(gan.generator.output == (["toy", "points"].contains(name) ? [2] : [28, 28, 1]))
        // Every layer with its output shape.
        let text = gan.generator.summary() + "\n\n" + gan.discriminator.summary() + "\n"
        let difference = try Golden.difference(text, "summary-\(name).txt")
        #expect(difference == nil)
    }

    @Test(arguments: Presets.all.map(\.name))
    func systemSurvivesItsFile(name: String) throws {
        let preset = try Presets.named(name)
        let gan = try preset.makesPoints ? preset.gan() : preset.gan(size: 32, channels: 3)
        #expect(try JSON.decoder().decode(GAN.self, from: JSON.encoder().encode(gan)) == gan)
    }

    /// No kernel of a preset is a slow reference implementation of oneDNN.
    @Test(
        arguments: Presets.all.map(\.name),
        DNN.hasBFloat16 ? [StoragePrecision.f32, .bf16] : [.f32])
    func noReferenceKernel(name: String, precision: StoragePrecision) throws {
        let preset = try Presets.named(name)
        let gan = try preset.gan()
        try EngineThread.run {
            let step = StepGraph(gan, batch: preset.batch)
            let program = try Program(step.graph, store: StateStore(), precision: precision)
            for (node, implementation) in program.implementations {
                #expect(
                    !implementation.hasPrefix("ref") && !implementation.contains(":any"),
                    "\(implementation): \(node)")
            }
        }
    }

    /// The noise tensors and updates in the graph of a step.
    @Test(arguments: [
        ("mlp", 2, 26), ("dcgan", 1, 6 + 10), ("dense", 2, 8 + 8), ("conv-discriminator", 2, 8 + 8),
        ("all-conv", 2, 8 + 11), ("toy", 2, 2 * 8 + 14),
    ])
    func roundOfTheSchedule(name: String, noises: Int, updates: Int) throws {
        let text = try StepGraph(Presets.named(name).gan(), batch: 8).graph.description
        func count(_ part: String) -> Int { text.components(separatedBy: "= \(part)").count - 1 }
        #expect(count("philoxNormal") == noises)
        #expect(count("adam") == updates)
    }

    @Test func roundOfTheForger() throws {
        let step = StepGraph(try Presets.named("forger").gan(), batch: 8)
        let text = step.graph.description
        #expect(text.components(separatedBy: "= philoxSignedUniform").count - 1 == 2)
        // RMSprop state for each of 10 and 18 trainable variables; the others are moving statistics.
        let moved = step.variables.filter { $0.name.contains(".rmsprop.v.") }
        #expect(moved.count == 10 + 18)
    }

    /// Loss, optimizers and noise, because the golden trajectories use faster optimizers. The others have no
    /// document.
    @Test(
        arguments: Presets.all.map(\.name).filter {
            !["flagship", "stacked", "points", "toy"].contains($0)
        })
    func settingsAreThoseOfTheDocuments(name: String) throws {
        let gan = try Presets.named(name).gan()
        let (generator, discriminator) = (gan.generator, gan.discriminator)
        let slow = Adam(learningRate: 2e-4, beta1: 0.5)
        let expected =
            switch name {
            case "mlp":
                try GAN(
                    generator: generator, discriminator: discriminator,
                    generatorOptimizer: slow, discriminatorOptimizer: slow)
            case "dcgan":
                try GAN(
                    generator: generator, discriminator: discriminator, step: SimultaneousStep(),
                    generatorOptimizer: Adam(learningRate: 1e-4),
                    discriminatorOptimizer: Adam(learningRate: 1e-4))
            case "forger":
                try GAN(
                    generator: generator, discriminator: discriminator,
                    step: ConcatenatedStep(), noise: .uniform, pixels: .unit,
                    generatorOptimizer: RMSprop(learningRate: 4e-4, decay: 3e-8, clipValue: 1),
                    discriminatorOptimizer: RMSprop(learningRate: 8e-4, decay: 6e-8, clipValue: 1))
            default:
                try GAN(
                    generator: generator, discriminator: discriminator,
                    loss: .nonSaturating(labelSmoothing: 0.1), step: ConcatenatedStep(),
                    generatorOptimizer: Adam(),
                    discriminatorOptimizer: slow)
            }
        #expect(gan == expected)
    }

    /// Batch size, grid size, steps between checkpoints, and the steps of the figure.
    @Test func picturesAreThoseOfTheDocuments() {
        func pictures(_ preset: Preset) -> [[Int]] {
            let training = preset.training(batch: preset.batch, images: 60_000)
            return [
                [training.batch], training.grid, [training.checkpointEvery], training.milestones,
            ]
        }
        #expect(pictures(.mlp) == [[32], [5, 5], [5_000], [0, 1_000, 10_000]])
        #expect(pictures(.dcgan) == [[256], [4, 4], [234], []])
        for preset in [Preset.dense, .convDiscriminator, .allConv] {
            #expect(pictures(preset) == [[128], [10, 10], [1_280], []])
        }
        #expect(pictures(.forger) == [[128], [4, 4], [4_680], []])
    }

    @Test func lengthsAreThoseOfTheDocuments() {
        func lengths(_ preset: Preset, batch: Int? = nil) -> [Int?] {
            let training = preset.training(batch: batch ?? preset.batch, images: 60_000)
            return [training.steps, training.sampleEvery, training.epochSteps]
        }
        #expect(lengths(.mlp) == [30_000, 200, nil])
        #expect(lengths(.dcgan) == [50 * 234, 234, nil])
        #expect(lengths(.dcgan, batch: 128) == [50 * 468, 468, nil])
        #expect(lengths(.dense) == [6_400, 128, 128])
        #expect(lengths(.forger) == [46_800, 4_680, nil])
        #expect(lengths(.toy) == [20_000, 500, nil])
    }

    @Test(arguments: Presets.all.filter { !$0.makesPoints }.map(\.name))
    func sizesAreTakenOrRefused(name: String) throws {
        let preset = try Presets.named(name)
        for size in [8, 28, 32, 36, 64] {
            let gan = try preset.gan(size: size, channels: 3)
            #expect(gan.extent.image == [size, size, 3])
        }
        #expect(throws: GanymedeError.self) { try preset.gan(size: 3) }
        #expect(throws: GanymedeError.self) { try preset.gan(size: 500) }
        #expect(throws: GanymedeError.self) { try preset.gan(channels: 2) }
        if !preset.sizes.contains(30) {
            let message = #expect(throws: GanymedeError.self) { try preset.gan(size: 30) }
            #expect(message?.description.contains("the nearest it can is 28") == true)
        }
    }
}
