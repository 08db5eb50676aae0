/// Measures a GAN between two steps, without changing it: a program of its own on the same weights.
final class HealthProbe {
    /// Real samples, and generated ones of fixed seeds, that are compared.
    static let samples = 64
    /// Generated samples that are classified.
    static let classified = 200

    private let gan: GAN
    private let program: Program
    private let results: [String: ResultHandle]
    private let dataDiversity: (mean: Double, nearest: Double)
    private let groups: [Int]
    private let store: StateStore
    private let trained: [Variable]
    /// Some of the generator's weights at the last measurement.
    private(set) var remembered: [Float]?
    /// How many are remembered, evenly spaced over all: enough for their change, and few enough for every checkpoint.
    private static let mostRemembered = 1024

    /// Compiles the measurement. Call on the engine's thread.
    ///
    /// - Parameters:
    ///   - store: holds the variables of both networks.
    ///   - training: the training data, at least ``samples`` of it.
    ///   - test: images that no training saw; nil if there are none.
    ///   - remembered: what an earlier session of the run remembered.
    init(
        _ gan: GAN, store: StateStore, training: Dataset, test: Dataset?, seed: Int,
        noise: (Int) -> [Float], remembered: [Float]? = nil, backend: BackendKind
    ) throws {
        self.gan = gan
        self.remembered = remembered
        self.store = store
        trained = gan.generator.variables.filter(\.trainable)
        let builder = GraphBuilder()
        let variables = Variables(builder)
        let count = HealthProbe.samples
        func feed(_ name: String, _ sample: [Int]) -> Tensor {
            builder.feed(name, TensorType(Shape([count] + sample)))
        }
        let classes = gan.classes.map { feed("classes", [$0]) }
        func logits(of images: Tensor, _ classes: Tensor?) -> Tensor {
            gan.discriminator(
                gan.packed(images), variables, classes: classes, mode: .inference, pass: "health")
        }
        let fake = gan.generator(
            feed("noise", gan.generator.input), variables, classes: classes, mode: .inference,
            pass: "health")
        let onReal = logits(of: feed("real", gan.generator.output), classes)
        let onFake = logits(of: fake, classes)
        let gLoss = gan.loss.generator(fake: onFake, real: onReal)
        let dLoss = gan.loss.discriminator(real: onReal, fake: onFake)
        func norm(_ loss: Tensor, _ network: Sequential) -> Tensor {
            let trained = variables.declared.filter {
                $0.trainable && $0.name.hasPrefix("\(network.name).")
            }
            let squares = gradients(of: loss, withRespectTo: trained.map(variables.value))
                .map { ($0 * $0).sum() }
            return squares.dropFirst().reduce(squares[0], +).sqrt()
        }
        let onImages = gradients(of: gLoss, withRespectTo: [fake])[0] * Double(count)
        var results = [
            "fake": builder.result("fake", fake), "on_real": builder.result("on_real", onReal),
            "on_fake": builder.result("on_fake", onFake),
            "image_gradient": builder.result(
                "image_gradient", onImages.squaredNorms().sqrt().mean()),
            "d_gradient": builder.result("d_gradient", norm(dLoss, gan.discriminator)),
            "g_gradient": builder.result("g_gradient", norm(gLoss, gan.generator)),
        ]
        let hasTest = (test?.count ?? 0) >= count && (gan.classes == nil || test?.labels != nil)
        if hasTest {
            let testClasses = gan.classes.map { feed("test_classes", [$0]) }
            let onTest = logits(of: feed("test", gan.generator.output), testClasses)
            results["on_test"] = builder.result("on_test", onTest)
        }
        self.results = results
        program = try compiling {
            try Program(builder.graph, store: store, startsSoon: true, backend: backend)
        }
        let chosen = Array(training.shuffled(seed: seed).prefix(count))
        let real = try HealthProbe.fill(program, "real", "classes", training, chosen, gan, seed)
        if hasTest, let test {
            let shown = Array(test.shuffled(seed: seed).prefix(count))
            _ = try HealthProbe.fill(program, "test", "test_classes", test, shown, gan, seed)
        }
        groups = gan.classes == nil ? [] : chosen.map { training.labels?[$0] ?? 0 }
        dataDiversity = HealthProbe.diversity(real, groups)
        program.setFeed("noise", (0..<count).flatMap(noise))
    }

    /// Fills a feed with samples of a dataset, and one with their classes.
    private static func fill(
        _ program: Program, _ name: String, _ classes: String, _ data: Dataset, _ chosen: [Int],
        _ gan: GAN, _ seed: Int
    ) throws -> [Float] {
        let part = data.picking(chosen)
        let loader = try BatchLoader(part, batch: part.count, seed: 0, pixels: gan.pixels)
        var values = [Float](repeating: 0, count: program.feed(name).count)
        values.withUnsafeMutableBufferPointer { loader.fillInOrder($0) }
        program.setFeed(name, values)
        if let count = gan.classes {
            program.setFeed(
                classes,
                chosen.flatMap { index in
                    (0..<count).map { $0 == data.labels?[index] ? Float(1) : 0 }
                })
        }
        return values
    }

    /// Measures the networks as they are. Call on the engine's thread.
    func measure() -> HealthSignals {
        program.run()
        var signals = HealthSignals()
        func values(_ name: String) -> [Float]? { results[name].map(program.values(of:)) }
        func mean(_ name: String) -> Double? {
            values(name).map { $0.reduce(0) { $0 + Double($1) } / Double($0.count) }
        }
        // Where only differences mean something, halfway between real and generated images.
        let threshold =
            gan.loss.isRelative
            ? ((mean("on_real") ?? 0) + (mean("on_fake") ?? 0)) / 2 : gan.loss.realThreshold
        func share(_ name: String) -> Double? {
            values(name).map { logits in
                Double(logits.count { Double($0) > threshold }) / Double(logits.count)
            }
        }
        signals.realOnTraining = share("on_real") ?? 0
        signals.realOnGenerated = share("on_fake") ?? 0
        signals.realOnTest = share("on_test")
        signals.logitOnTraining = mean("on_real") ?? 0
        signals.logitOnGenerated = mean("on_fake") ?? 0
        signals.logitOnTest = mean("on_test")
        signals.imageGradient = mean("image_gradient") ?? 0
        signals.dGradient = mean("d_gradient") ?? 0
        signals.gGradient = mean("g_gradient") ?? 0
        let fake = values("fake") ?? []
        let made = HealthProbe.diversity(fake, groups)
        signals.diversity = made.mean / max(dataDiversity.mean, 1e-12)
        signals.nearest = made.nearest / max(dataDiversity.nearest, 1e-12)
        let weights = someWeights()
        if let remembered {
            let change = zip(weights, remembered).reduce(0.0) {
                $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
            }
            let whole = weights.reduce(0.0) { $0 + Double($1 * $1) }
            signals.movement = (change / max(whole, 1e-30)).squareRoot()
        }
        remembered = weights
        return signals
    }

    private func someWeights() -> [Float] {
        let count = trained.map(\.shape.count).reduce(0, +)
        let kept = min(count, HealthProbe.mostRemembered)
        var weights: [Float] = []
        weights.reserveCapacity(kept)
        var start = 0
        for variable in trained {
            let values = store[variable.name]?.values ?? []
            // The n-th of those kept is the weight n * count / kept.
            while weights.count < kept, weights.count * count / kept - start < values.count {
                weights.append(values[weights.count * count / kept - start])
            }
            start += values.count
        }
        return weights
    }

    /// The mean distance between samples and the mean distance to the nearest other one; of the same group if there are
    /// groups.
    private static func diversity(_ samples: [Float], _ groups: [Int]) -> (
        mean: Double, nearest: Double
    ) {
        let count = HealthProbe.samples
        let size = samples.count / count
        var (sum, pairs) = (0.0, 0)
        var nearest = [Double](repeating: .infinity, count: count)
        for a in 0..<count {
            for b in 0..<a where groups.isEmpty || groups[a] == groups[b] {
                var squares: Float = 0
                for index in 0..<size {
                    let difference = samples[a * size + index] - samples[b * size + index]
                    squares += difference * difference
                }
                let distance = Double(squares).squareRoot()
                sum += distance
                pairs += 1
                nearest[a] = min(nearest[a], distance)
                nearest[b] = min(nearest[b], distance)
            }
        }
        let found = nearest.filter(\.isFinite)
        return (
            sum / Double(max(pairs, 1)), found.reduce(0, +) / Double(max(found.count, 1))
        )
    }
}
