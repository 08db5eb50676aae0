import Ganymede
import TestSupport
import Testing

/// Points of the plane: the datasets, training on them, and their plots.
@Suite(.timeLimit(.minutes(20)))
struct ToyTests {
    @Test func centresAreThoseOfThePapers() {
        #expect(GaussianMixture.ring8.centres.count == 8 && GaussianMixture.ring8.sigma == 0.02)
        #expect(GaussianMixture.grid25.centres.count == 25 && GaussianMixture.grid25.sigma == 0.05)
        func square(_ vector: SIMD2<Double>) -> Double { (vector * vector).sum() }
        // The squared side of a regular octagon, (2 sin(pi / 8) 2)^2.
        let side = 8 - 32.0.squareRoot()
        for (index, centre) in GaussianMixture.ring8.centres.enumerated() {
            #expect(abs(square(centre) - 4) < 1e-12)
            #expect(
                abs(square(GaussianMixture.ring8.centres[(index + 1) % 8] - centre) - side) < 1e-12)
        }
        let grid = Set(GaussianMixture.grid25.centres)
        for x in [-4.0, -2, 0, 2, 4] {
            for y in [-4.0, -2, 0, 2, 4] { #expect(grid.contains(SIMD2(x, y))) }
        }
    }

    /// Fractions, means and variances are within five standard deviations of their expectations for N points.
    @Test(arguments: GaussianMixture.all)
    func pointsAreGaussian(toy: GaussianMixture) throws {
        let data = try DataSource(toy.name).load()
        let points = try #require(data.points).map(Double.init)
        let labels = try #require(data.labels)
        #expect(data.count == 100_000 && labels.count == data.count)
        let share = 1 / Double(toy.centres.count)
        var near = 0
        for (mode, centre) in toy.centres.enumerated() {
            let own = labels.indices.filter { labels[$0] == mode }
            let count = Double(own.count)
            let spread = (100_000 * share * (1 - share)).squareRoot()
            #expect(abs(count - 100_000 * share) < 5 * spread, "mode \(mode): \(count)")
            for axis in 0..<2 {
                let away = own.map { points[2 * $0 + axis] - centre[axis] }
                let mean = away.reduce(0, +) / count
                #expect(abs(mean) < 5 * toy.sigma / count.squareRoot(), "mode \(mode): \(mean)")
                // The sum of squares over sigma^2 is chi-squared with `count` degrees of freedom: mean `count`,
                // variance 2 `count`.
                let squares = away.reduce(0) { $0 + $1 * $1 } / (toy.sigma * toy.sigma)
                #expect(abs(squares - count) < 5 * (2 * count).squareRoot(), "mode \(mode)")
            }
            near += own.count { index in
                let (x, y) = (points[2 * index] - centre.x, points[2 * index + 1] - centre.y)
                return x * x + y * y < 9 * toy.sigma * toy.sigma
            }
        }
        // 98.9 %, the value of a perfect generator.
        let within = 1 - LibM.exp(-4.5)
        let spread = (100_000 * within * (1 - within)).squareRoot()
        #expect(abs(Double(near) - 100_000 * within) < 5 * spread, "\(near)")
    }

    /// A point depends on the seed and its index alone.
    @Test func pointsAreAlwaysTheSame() throws {
        let digests = try GaussianMixture.all.map { try DataSource($0.name).load().digest }
        #expect(
            digests == [
                "c65476eeb16e231d543358ac84e15221f0e2e20354fb63cc2310c63bb19d57fe",
                "4bd55805c39c5ab4380bd962707f53a67366943c7f5fd4ce569792d21c939609",
            ])
        let (few, many) = (
            GaussianMixture.ring8.draw(10, seed: 3), GaussianMixture.ring8.draw(50, seed: 3)
        )
        #expect(
            few.points == Array(many.points.prefix(20)) && few.modes == Array(many.modes.prefix(10))
        )
        #expect(GaussianMixture.ring8.draw(10, seed: 4).points != few.points)
        let known = try #require(NamedDataset.named("ring8"))
        let (training, test) = (try known.load(.training), try known.load(.test))
        #expect(test.count == 10_000 && test.points?.first != training.points?.first)
    }

    @Test func batchesArePoints() throws {
        let data = try DataSource("grid25").load()
        let points = try #require(data.points)
        var loader = try BatchLoader(data, batch: 8, seed: 5)
        var batch = [Float](repeating: 0, count: 16)
        batch.withUnsafeMutableBufferPointer { loader.fill($0, step: 12_502) }
        // The third batch of the second epoch.
        let order = BatchLoader.permutation(data.count, seed: 5, epoch: 1)[16..<24].map { Int($0) }
        let expected: [Float] = order.flatMap { [points[2 * $0], points[2 * $0 + 1]] }
        #expect(batch == expected)
    }

    /// Images and points cannot be mixed.
    @Test func kindsDoNotMix() throws {
        let toy = try Preset.toy.gan()
        let mlp = try Preset.mlp.gan()
        for (gan, data) in [(toy, "mnist"), (mlp, "ring8"), (mlp, "grid25")] {
            let error = #expect(throws: GanymedeError.self) {
                try Trainer(gan, data: DataSource(data), config: .init()).check(into: nil)
            }
            #expect(
                error?.isUsage == true && error?.message.forCommands.contains("--preset") == true)
        }
        #expect(throws: GanymedeError.self) { try Preset.toy.gan(size: 28) }
        #expect(throws: GanymedeError.self) { try Preset.toy.gan(channels: 1) }
        #expect(throws: GanymedeError.self) { try DataSource("ring8").inspect(size: 28) }
        #expect(Presets.defaultPreset(for: DataSource("ring8")).name == "points")
        #expect(Presets.defaultPreset(for: .mnist).name == "flagship")
    }

    @Test func scatterShowsWhatItShould() {
        func pixel(_ scatter: Scatter, _ x: Int, _ y: Int) -> [UInt8] {
            Array(
                scatter.raster.pixels[(y * Scatter.side + x) * 3..<(y * Scatter.side + x) * 3 + 3])
        }
        let white: [UInt8] = [255, 255, 255]
        var scatter = Scatter(reach: 2)
        scatter.draw(generated: [1, 1, .nan, 0, .infinity, 1, 1e30, -1e30, 2.5, 0, 0])
        let middle = pixel(scatter, 299, 99)
        #expect(middle != white && middle[0] > middle[2], "red")
        let coloured = (0..<400 * 400).count { pixel(scatter, $0 % 400, $0 / 400) != white }
        #expect((4...16).contains(coloured), "one point and no other: \(coloured) pixels")
        scatter.draw(real: [-1, -1])
        let real = pixel(scatter, 100, 300)
        #expect(real != white && real[2] > real[0], "blue")

        var ground = Scatter(reach: 1)
        let half = Scatter.side / 2
        ground.shade(
            (0..<half * half).map { $0 / half < 50 ? 1 : $0 / half < 100 ? 0 : 0.5 })
        #expect(pixel(ground, 5, 5)[2] > pixel(ground, 5, 5)[0])
        #expect(pixel(ground, 5, 150)[0] > pixel(ground, 5, 150)[2])
        #expect(pixel(ground, 5, 250) == white)
    }

    /// The background is the sigmoid of the logit at the centre of each cell.
    @Test func surfaceIsTheDiscriminators() throws {
        let gan = try GAN(
            generator: Sequential("generator", input: [2]) { Dense(2) },
            discriminator: Sequential("discriminator", input: [2]) { Dense(1) })
        let store = StateStore()
        store["discriminator.dense1.weight"] = HostTensor([2, 1], [0.7, -1.9])
        store["discriminator.dense1.bias"] = HostTensor([1], [0.3])
        let found = try EngineThread.run {
            try DecisionSurface(gan, store: store).probabilities(reach: 3)
        }
        let side = DecisionSurface.side
        #expect(found.count == side * side)
        for (row, column) in [(0, 0), (0, side - 1), (side / 3, 17), (side - 1, side - 1)] {
            let x = (2 * Double(column) + 1) / Double(side) * 3 - 3
            let y = 3 - (2 * Double(row) + 1) / Double(side) * 3
            let logit = 0.7 * x - 1.9 * y + 0.3
            let expected = 1 / (1 + LibM.exp(-logit))
            #expect(abs(Double(found[row * side + column]) - expected) < 1e-6)
        }
    }

    /// If only differences between logits mean something, adding to all of them, or multiplying them, changes no colour.
    @Test func surfaceOfACritic() throws {
        let gan = try GAN(
            generator: Sequential("generator", input: [2]) { Dense(2) },
            discriminator: Sequential("discriminator", input: [2]) { Dense(1) }, loss: .wasserstein)
        func surface(_ weight: Float, bias: Float) throws -> [Float] {
            let store = StateStore()
            store["discriminator.dense1.weight"] = HostTensor([2, 1], [0, weight])
            store["discriminator.dense1.bias"] = HostTensor([1], [bias])
            return try EngineThread.run {
                try DecisionSurface(gan, store: store).probabilities(reach: 3)
            }
        }
        let found = try surface(1, bias: 0)
        let side = DecisionSurface.side
        #expect(found[0] == 1 && found[side * side - 1] == 0)
        #expect(abs(found[side * side / 2] - 0.5) < 0.01)
        for (weight, bias) in [(1, -4096), (512, 64)] as [(Float, Float)] {
            let other = try surface(weight, bias: bias)
            #expect(zip(found, other).allSatisfy { abs($0 - $1) < 1e-3 })
        }
        #expect(try surface(0, bias: 7).allSatisfy { $0 == 0.5 })
        #expect(try surface(.nan, bias: 0).allSatisfy { $0 == 0.5 })
    }

    /// A single Gaussian with the ring's mean and covariance is worse than seven of its eight Gaussians, by the metric
    /// that selects the best checkpoint and by the fraction of points near a mode.
    @Test func aBlobIsNoRing() throws {
        let source = DataSource("ring8")
        let reference = try ReferenceSet(
            training: source.load(), test: NamedDataset.named("ring8")?.load(.test),
            extractor: FeatureExtractor(source), samples: 1000)
        let toy = try #require(GaussianMixture.all.first { $0.name == "ring8" })
        let noise = Matrix.normal(1000, 2, seed: 3)
        func figures(_ point: (Int, Int, Double) -> Double) throws -> [String: Double] {
            let points = noise.map { Float(point($0, $1, Double($2))) }.values
            let samples = Dataset(name: "test", points: points, labels: nil)
            let found = try Evaluation(of: [samples], by: reference, data: "ring8")
            #expect(found.figure("fid") == nil)
            #expect(found.modeBias == 7.0 / 2000)
            #expect(found.figure("modes")?.about.contains("Gaussians") == true)
            return Dictionary(uniqueKeysWithValues: found.figures.map { ($0.name, $0.value) })
        }
        let reach = toy.centres.map { $0.x * $0.x + $0.y * $0.y }.reduce(0, +) / 8
        let blob = try figures { _, _, normal in normal * (reach / 2).squareRoot() }
        let seven = try figures { row, column, normal in
            let centre = toy.centres[row % 7]
            return (column == 0 ? centre.x : centre.y) + toy.sigma * normal
        }
        for name in ["coverage", "high_quality", "precision"] {
            let (a, b) = (try #require(blob[name]), try #require(seven[name]))
            #expect(a < 0.6 * b, "\(name): \(a), \(b)")
        }
    }
}
