import Foundation
import Ganymede
import TestSupport
import Testing

/// Custom kinds, written to and read from files.
@Suite(.timeLimit(.minutes(20)))
struct RegistryTests {
    /// Every loss, regularizer and training step of the library is read back from a file unchanged.
    @Test func everyKindSurvivesItsFile() throws {
        var gan = try tinyGAN()
        gan.generator = Sequential("generator", input: [8]) {
            Dense(784)
            Reshape(28, 28, 1)
        }
        let losses: [any AdversarialLoss] = [
            NonSaturatingLoss(labelSmoothing: 0.25), MinimaxLoss(labelSmoothing: 0.5),
            RelativisticLoss(), LeastSquaresLoss(), HingeLoss(), WassersteinLoss(),
        ]
        let steps: [any TrainingStep] = [
            AlternatingStep(fakesInInference: false), ConcatenatedStep(fakesInInference: false),
            SimultaneousStep(), ConcatenatedStep(discriminatorUpdates: 3),
        ]
        #expect(Set(losses.map { type(of: $0).kind }) == Set(Losses.all.map { $0.kind }))
        #expect(Set(steps.map { type(of: $0).kind }) == Set(TrainingSteps.all.map { $0.kind }))
        let falling = Schedule.cosine(from: 5, to: 0.5, steps: 10..<90)
        gan.regularizers = [
            R1(weight: 3), R2(weight: falling, method: .directional, sigma: 0.1),
            GradientPenalty(weight: 0.5), DRAGAN(method: .directional),
        ]
        gan.ema = WeightAverage(
            decay: .linear(from: 0.9, to: 0.99, steps: 0..<100), warmup: false)
        (gan.clipNorm, gan.regularizerInterval, gan.instanceNoise) = (2, 8, falling)
        gan.augmentation = ImageAugmentation.allCases
        gan.generatorOptimizer = Adam(learningRate: falling, beta2: 0.9)
        #expect(
            gan.regularizers.map { type(of: $0).kind } == Regularizers.all.map { $0.kind })
        for (loss, step) in zip(losses, steps + steps) {
            (gan.loss, gan.step) = (loss, step)
            let data = try JSON.encoder().encode(gan)
            #expect(try JSON.decoder().decode(GAN.self, from: data) == gan)
        }
    }

    @Test(arguments: [
        (#""loss":{"kind":"hing"}"#, "there is no loss \"hing\" in the registry"),
        (#""step":{"kind":"simultanous"}"#, "Did you mean \"simultaneous\"?"),
        (#""regularizers":[{"kind":"r9"}]"#, "there is no regularizer \"r9\""),
        (#""generator_optimizer":{"kind":"lion"}"#, "Known: adam, rmsprop, sgd. If it is one"),
        (#""loss":{"label_smoothing":0.1}"#, "the field kind is missing"),
        (#""loss":{"kind":"minimax","label_smoothing":"x"}"#, "loss.label_smoothing"),
        (#""loss":7"#, "loss"),
    ])
    func kindsThatAreNotThere(field: String, message: String) throws {
        let text = String(decoding: try JSON.encoder().encode(tinyGAN()), as: UTF8.self)
        var json = try JSON.decoder().decode(JSONValue.self, from: Data(text.utf8))
        let wrong = try JSON.decoder().decode(JSONValue.self, from: Data("{\(field)}".utf8))
        guard case .object(let fields) = wrong else { return }
        for (name, value) in fields { json = json.replacing([Substring(name)], with: value) }
        let error = #expect(throws: GanymedeError.self) {
            try JSON.decode(GAN.self, from: JSON.encoder().encode(json), "file")
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message), "\(String(describing: error))")
    }

    /// A file needs only the kind if all fields have defaults, and `--set` changes kinds.
    @Test func missingFieldsAreDefaults() throws {
        let options = try RunOptions(preset: .mlp)
        let sgd = try options.setting(["generator_optimizer.kind=sgd"])
        #expect(sgd.gan.generatorOptimizer.isEqual(to: SGD(learningRate: 2e-4)))
        let fast = try options.setting([
            "generator_optimizer=sgd", "generator_optimizer.momentum=0.9",
            "generator_optimizer.learning_rate=0.1",
        ])
        #expect(fast.gan.generatorOptimizer.isEqual(to: SGD(learningRate: 0.1, momentum: 0.9)))
        let other = try options.setting(["step=simultaneous", "loss=relativistic"])
        #expect(other.gan.step is SimultaneousStep && other.gan.loss is RelativisticLoss)
        let kept = try options.setting(["label_smoothing=0.2", "loss=minimax"])
        #expect(kept.gan.loss.isEqual(to: MinimaxLoss(labelSmoothing: 0.2)))
        let list = try options.setting([#"regularizers=[{"kind":"r1"},"gradient-penalty"]"#])
        #expect(list.gan.regularizers.count == 2 && list.gan.regularizers[0] is R1)
        #expect(throws: GanymedeError.self) {
            try options.setting(["loss=relativistic"]).validated()
        }
    }

    @Test func twoKindsOfOneName() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        { _ = Registry.standard.adding(OtherDense.self) }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("the registry has the layer \"dense\" already: Dense and OtherDense"))
    }

    @Test func twoPresetsOfOneName() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        { _ = Registry.standard.adding(Preset.mlp) }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("the registry has a preset \"mlp\" already"))
    }

    @Test func twoDatasetsOfOneName() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        { _ = Registry.standard.adding(Stripes.dataset).adding(Stripes.dataset) }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("the registry has a dataset \"stripes\" already"))
    }

    @Test func twoMetricsOfOneName() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        { _ = Registry.standard.adding(Score.self) }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("the registry has a metric \"score\" already"))
    }

    /// A custom dataset, preset and metric: trained, evaluated, resumed.
    @Test func datasetPresetAndMetricOfOnesOwn() throws {
        let registry = Registry.standard.adding(Stripes.dataset).adding(Stripes.preset)
            .adding(Brightness.self)
        let folder = try TemporaryFolder()
        let preset = try registry.preset(named: "stripes-gan")
        var options = RunOptions(
            preset: preset.name, data: "mnist", gan: try preset.gan(size: 8),
            training: preset.training(batch: 8, images: 64))
        options.source = DataSource("stripes", registry: registry)
        options.training.precision = .f32
        let path = "\(folder.path)/run"
        #expect(try Trainer(options, registry: registry).train(into: path).step == 3)
        #expect(throws: GanymedeError.self) { try Trainer.resume(path, steps: 4) }
        #expect(try Trainer.resume(path, steps: 4, registry: registry).step == 4)

        let mnist = try DataSource.mnist.load()
        let reference = try ReferenceSet(
            training: mnist, test: NamedDataset.mnist.load(.test),
            extractor: FeatureExtractor(.mnist), samples: 1000, registry: registry)
        let found = try Evaluation(
            of: [mnist.picking(Array(0..<1000))], by: reference, names: ["brightness"],
            data: "mnist")
        #expect(abs((found.figure("brightness")?.value ?? 0) - 0.13) < 0.01)
    }
}

/// A layer with the name of another.
private struct OtherDense: Layer {
    static let kind = "dense"
    func apply(_ x: Tensor, _ context: LayerContext) -> Tensor { x }
}

/// Images of stripes.
private enum Stripes {
    static let dataset = NamedDataset(
        name: "stripes", about: "stripes", extent: .image([8, 8, 1]), count: 64
    ) { split in
        let pixels: [UInt8] = (0..<64 * 64).map { index in (index / 64 + index) % 2 == 0 ? 0 : 255 }
        return Dataset(name: "stripes", image: [8, 8, 1], pixels: pixels, labels: nil)
    }

    static let preset = Preset(
        name: "stripes-gan", about: "a GAN of stripes", sizes: [8], batch: 8,
        pace: .steps(3, sampleEvery: 3, checkpointEvery: 3), grid: [2, 2]
    ) { size, channels in
        try GAN(
            generator: Sequential("generator", input: [4]) {
                Dense(size * size * channels)
                Tanh()
                Reshape(size, size, channels)
            },
            discriminator: Sequential("discriminator", input: [size, size, channels]) {
                Flatten()
                Dense(1)
            })
    }
}

/// The mean of all pixels, from 0 to 1.
private enum Brightness: Metric {
    static let names = ["brightness"]
    static let about = ["mean of all pixels"]
    static let minimumSamples = 1

    static func figures(_ input: MetricInput) throws -> [Double] {
        let pixels = input.generated.samples?.pixels ?? []
        return [pixels.reduce(0) { $0 + Double($1) } / Double(pixels.count) / 255]
    }
}
