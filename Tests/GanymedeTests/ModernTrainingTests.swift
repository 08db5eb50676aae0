import Foundation
import Ganymede
import TestSupport
import Testing

/// Conditional GANs, augmentation, packing, instance noise and resumes with all of them.
@Suite(.timeLimit(.minutes(20)))
struct ModernTrainingTests {
    /// Twelve images of 8x8 in three classes: a bright column whose place is the class.
    private static func stripes(_ count: Int = 36, labels: Bool = true) -> Dataset {
        var pixels: [UInt8] = []
        for index in 0..<count {
            for place in 0..<64 {
                let isBright = place % 8 == index % 3 * 3
                pixels.append(isBright ? UInt8(200 + index % 40) : 10)
            }
        }
        return Dataset(
            name: "stripes", image: [8, 8, 1], pixels: pixels,
            labels: labels ? (0..<count).map { $0 % 3 } : nil,
            classNames: ["left", "middle", "right"])
    }

    private static func gan(conditional: Bool, packing: Int = 1) throws -> GAN {
        try GAN(
            generator: Sequential("generator", input: [6]) {
                if conditional { ClassEmbedding(classes: 3, 4) }
                Dense(64)
                Reshape(8, 8, 1)
                if conditional { ConditionalBatchNorm(classes: 3) } else { BatchNorm() }
                Tanh()
            },
            discriminator: Sequential("discriminator", input: [8, 8, packing]) {
                if conditional { ClassChannels(classes: 3) }
                SpectralNorm(Conv2D(4, kernelSize: 3, strides: 2, padding: .same))
                LeakyReLU(0.2)
                Flatten()
                if conditional { ClassProjection(classes: 3) } else { Dense(1) }
            },
            regularizers: [
                R1(
                    weight: .cosine(from: 1, to: 0.1, steps: 0..<8), method: .directional,
                    sigma: 0.1)
            ], step: SimultaneousStep(),
            generatorOptimizer: Adam(
                learningRate: .linear(from: 1e-2, to: 1e-3, steps: 2..<9), beta1: 0,
                beta2: .linear(from: 0.9, to: 0.99, steps: 0..<8)),
            discriminatorOptimizer: Adam(learningRate: 1e-2, beta1: 0),
            ema: WeightAverage(decay: 0.9), clipNorm: 1, regularizerInterval: 3,
            augmentation: ImageAugmentation.allCases,
            instanceNoise: .linear(from: 0.1, to: 0, steps: 0..<8), packing: packing)
    }

    /// Everything at once, interrupted at a step that is no multiple of an interval: the same bytes.
    @Test(arguments: [(true, 1), (false, 2)])
    func resumeIsTheSameRun(conditional: Bool, packing: Int) throws {
        let folder = try TemporaryFolder()
        let gan = try ModernTrainingTests.gan(conditional: conditional, packing: packing)
        func config(_ steps: Int) -> TrainingConfig {
            TrainingConfig(batch: 12, steps: steps, sampleEvery: 100, checkpointEvery: 100)
        }
        let data = ModernTrainingTests.stripes()
        let (whole, parts) = ("\(folder.path)/whole", "\(folder.path)/parts")
        try Trainer(gan, data: data, config: config(11)).train(into: whole)
        try Trainer(gan, data: data, config: config(5)).train(into: parts)
        try Trainer.resume(parts, steps: 11, data: data)
        for file in ["checkpoints/step-000011.safetensors", "samples/step-000011.png"] {
            #expect(
                try Data(contentsOf: URL(filePath: "\(whole)/\(file)"))
                    == Data(contentsOf: URL(filePath: "\(parts)/\(file)")), "\(file)")
        }
        // The average and the last weights make different samples.
        let average = try Model.load(whole).generate(seeds: 0..<4)
        #expect(try average != Model.load(whole, weights: .raw).generate(seeds: 0..<4))
    }

    /// A class of its own for each sample, by number and name; mixtures between classes.
    @Test func samplesHaveTheirClass() throws {
        let folder = try TemporaryFolder()
        let config = TrainingConfig(batch: 12, steps: 3, sampleEvery: 100, checkpointEvery: 100)
        try Trainer(
            ModernTrainingTests.gan(conditional: true), data: ModernTrainingTests.stripes(),
            config: config
        ).train(into: "\(folder.path)/run")
        let model = try Model.load("\(folder.path)/run")
        #expect(model.classNames == ["left", "middle", "right"])
        #expect(try model.classNumber("Middle") == 1 && model.classNumber("2") == 2)
        let turns = try model.generate(seeds: 0..<3)
        for number in 0..<3 {
            let own = try model.generate(seeds: [number], class: number)
            #expect(own.pixels(of: 0) == turns.pixels(of: number))
            #expect(
                own.pixels(of: 0)
                    == (try model.generate([model.latent(seed: number)])).pixels(of: 0))
        }
        for wrong in ["3", "top", "-1", ""] {
            #expect(throws: GanymedeError.self) { try model.classNumber(wrong) }
        }
        #expect(throws: GanymedeError.self) { try model.generate(seeds: [0], class: 3) }
        let ends = try [model.latent(seed: 5, class: 0), model.latent(seed: 5, class: 2)]
        let legs = Interpolation.legs(ends, frames: 2, loop: false)
        #expect(legs[0][1].classWeights == [0.5, 0, 0.5] && legs[0][1].noise == ends[0].noise)
    }

    @Test func labelsHaveToFit() throws {
        let folder = try TemporaryFolder()
        let gan = try ModernTrainingTests.gan(conditional: true)
        let config = TrainingConfig(batch: 4, steps: 1)
        func fault(_ data: Dataset) -> String {
            do {
                try Trainer(gan, data: data, config: config).train(into: "\(folder.path)/run")
                return ""
            } catch { return "\(error)" }
        }
        #expect(fault(ModernTrainingTests.stripes(labels: false)).contains("has no labels"))
        let stripes = ModernTrainingTests.stripes()
        let high = Dataset(
            name: "high", samples: stripes.samples, labels: (0..<36).map { $0 % 4 })
        #expect(
            fault(high)
                == "high has a label 3, and the networks are conditional on the classes 0 to 2")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/run"))
    }

    /// Combinations that cannot work are refused with the reason.
    @Test func refusedCombinations() throws {
        func fault(_ change: (inout GAN) -> Void) throws -> String {
            var gan = try ModernTrainingTests.gan(conditional: true)
            change(&gan)
            return gan.fault ?? ""
        }
        let plain = try ModernTrainingTests.gan(conditional: false)
        #expect(
            try fault { $0.generator = plain.generator }.contains(
                "both networks read the same classes"))
        #expect(
            try fault {
                $0.discriminator = .init("discriminator", input: [8, 8, 1]) {
                    MinibatchStdDev()
                    Flatten()
                    ClassProjection(classes: 3)
                }
            }.contains("MinibatchStdDev in discriminator mixes samples"))
        #expect(try fault { $0.packing = 2 }.contains("with a packing of 2 it has to take [8,8,2]"))
        #expect(try fault { $0.regularizerInterval = 0 }.contains("regularizer_interval"))
        #expect(try fault { $0.clipNorm = 0 }.contains("clip_norm"))
        #expect(try fault { $0.ema?.decay = 1 }.contains("decay of the average"))
        #expect(try fault { $0.instanceNoise = -1 }.contains("instance_noise"))
        #expect(
            try fault { $0.regularizers = [GradientPenalty(method: .random)] }.contains(
                "exact or directional"))
        #expect(try fault { $0.regularizers = [R2(sigma: 0)] }.contains("sigma of r2"))
        #expect(
            try fault { $0.augmentation = [.cutout, .cutout] }.contains("names a kind once"))
        var mixed = plain
        (mixed.step, mixed.regularizers) = (ConcatenatedStep(), [])
        mixed.discriminator = .init("discriminator", input: [8, 8, 1]) {
            MinibatchStdDev()
            Flatten()
            Dense(1)
        }
        #expect(mixed.fault?.contains("minibatch standard deviation would mix them") ?? false)
        let points = try ScheduleTests.pointGAN()
        var augmented = points
        augmented.augmentation = [.cutout]
        #expect(augmented.fault?.contains("augmentation is for images") ?? false)
    }

    /// A translated image is a shift of the old one by at most an eighth, with black coming in; cutout blackens a square
    /// of half the side; contrast keeps the order of pixels.
    @Test func augmentations() throws {
        let (count, side) = (20, 16)
        var numbers = TestNumbers(seed: 3)
        let shape: Shape = [count, side, side, 1]
        let images = numbers.tensor(shape, in: -0.9...1)
        func changed(_ kind: ImageAugmentation) throws -> [[Double]] {
            let builder = GraphBuilder(randomness: .feeds)
            var inputs = ["x": ReferenceTensor(shape, images)]
            let made = kind.apply(
                builder.feed("x", TensorType(shape)), black: -1, range: 2
            ) { shape in
                let name = "draw\(inputs.count)"
                inputs[name] = ReferenceTensor(shape, numbers.tensor(shape, in: 0...0.9999))
                return builder.feed(name, TensorType(shape))
            }
            builder.result("y", made)
            let found = try #require(Interpreter(builder.graph).run(inputs)["y"]).values
            return (0..<count).map { Array(found[$0 * side * side..<($0 + 1) * side * side]) }
        }
        func pixel(_ image: Int, _ row: Int, _ column: Int) -> Double {
            guard (0..<side).contains(row), (0..<side).contains(column) else { return -1 }
            return images[(image * side + row) * side + column]
        }
        var shifts: Set<[Int]> = []
        for (image, found) in try changed(.translation).enumerated() {
            let matching = (-2...2).flatMap { down in (-2...2).map { [down, $0] } }.filter {
                shift in
                (0..<side * side).allSatisfy {
                    abs(found[$0] - pixel(image, $0 / side + shift[0], $0 % side + shift[1]))
                        < 1e-12
                }
            }
            #expect(matching.count == 1)
            shifts.formUnion(matching)
        }
        #expect(shifts.count > 8)
        for (image, found) in try changed(.cutout).enumerated() {
            let holes = found.indices.filter { found[$0] != pixel(image, $0 / side, $0 % side) }
            #expect(holes.allSatisfy { found[$0] == -1 } && holes.count <= 64 && holes.count >= 9)
        }
        for (image, found) in try changed(.contrast).enumerated() {
            let old = (0..<side * side).map { pixel(image, $0 / side, $0 % side) }
            let order = old.indices.sorted { old[$0] < old[$1] }
            #expect(zip(order, order.dropFirst()).allSatisfy { found[$0] <= found[$1] + 1e-12 })
        }
    }

    /// The flagship is conditional where the data has classes: sub-folders, IDX labels; and sees few images changed at random.
    @Test func flagshipFollowsTheData() throws {
        let folder = try TemporaryFolder()
        func made(_ name: String, labels: Bool = true) throws -> RunOptions {
            try RunOptions(preset: .flagship, data: "\(folder.path)/\(name)", labels: labels)
        }
        func write(_ bytes: [UInt8], to path: String) throws {
            let file = URL(filePath: "\(folder.path)/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        let picture = try Array(
            Raster(
                height: 8, width: 8, channels: 3, pixels: [UInt8](repeating: 90, count: 192)
            ).png())
        for path in ["two/cat/1.png", "two/dog/1.png", "one/cat/1.png", "flat/1.png"] {
            try write(picture, to: path)
        }
        #expect(try made("two").classNames == ["cat", "dog"])
        #expect(try made("two").gan.classes == 2 && made("two", labels: false).gan.classes == nil)
        for name in ["one", "flat"] { #expect(try made(name).gan.classes == nil) }
        let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 28, 0, 0, 0, 28]
        try write(header + [UInt8](repeating: 7, count: 4 * 784), to: "idx/train-images-idx3-ubyte")
        #expect(try made("idx").gan.classes == nil)
        try write([0, 0, 8, 1, 0, 0, 0, 4, 0, 2, 1, 2], to: "idx/train-labels-idx1-ubyte")
        #expect(try made("idx").classNames == ["0", "1", "2"])
        #expect(try made("idx").gan.augmentation == [.translation, .cutout])
        #expect(try RunOptions(preset: .flagship).gan.augmentation.isEmpty)
        #expect(try RunOptions(preset: .flagship).gan.classes == 10)
        // Every side that it takes, grey and colour.
        for size in Preset.flagship.sizes {
            #expect(try Preset.flagship.gan(size: size, channels: 3, classes: 4).fault == nil)
        }
        #expect(Preset.flagship.sizes.contains(28) && Preset.flagship.sizes.contains(64))
    }
}
