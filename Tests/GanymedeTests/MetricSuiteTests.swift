import Engine
import Foundation
import Ganymede
import TestSupport
import Testing

/// All metrics: the registry, reference values of other packages, bad input, and how they respond to faults of samples.
@Suite(.timeLimit(.minutes(20)))
struct MetricSuiteTests {
    @Test func registry() throws {
        #expect(Set(Metrics.names).count == Metrics.names.count)
        for name in Metrics.names { #expect(try Metrics.named(name).names.contains(name)) }
        #expect(
            Metrics.all.filter { $0.comparesSplits }.flatMap { $0.names }.sorted() == [
                "memorisation", "memorisation_error", "memorisation_ratio",
            ])
        let error = #expect(throws: GanymedeError.self) { try Metrics.named("recal") }
        #expect(error?.isUsage == true)
        #expect(error?.description.contains("Did you mean \"recall\"?") == true)
    }

    // MARK: Other packages

    private struct Expected: Decodable {
        let fid, score, precision, recall, density, coverage, memorisation: Double
        let memorisation_ratio, memorisation_error: Double
        let fid_fidelity: Double
        let kid: [Double]
    }

    private func expectClose(_ found: Double, _ expected: Double, _ name: String) {
        #expect(
            abs(found - expected) <= 1e-4 * abs(expected), "\(name): \(found), expected \(expected)"
        )
    }

    private func values<Values: Decodable>(_ set: String) throws -> Values {
        let data = try Data(contentsOf: Golden.folder.appending(path: "metrics/values.json"))
        let all = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let one = try JSONSerialization.data(withJSONObject: try #require(all[set]))
        return try JSONDecoder().decode(Values.self, from: one)
    }

    /// The example of the package prdc: real and generated features [10,000, 1000].
    @Test func prdcExample() throws {
        // See `nearly_normal` in `Tests/Golden/metrics/make.py`.
        func numbers(seed: UInt64) -> Matrix {
            let (rows, columns) = (10_000, 1000)
            let values = (1...UInt64(rows * columns)).map { index -> Float in
                var z = (index &+ seed << 40) &* 0x9E37_79B9_7F4A_7C15
                z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
                z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
                z ^= z >> 31
                let parts = [0, 16, 32, 48].reduce(0) { $0 + Double(z >> $1 & 0xFFFF) }
                return Float((parts - 131_070) / 37_837)
            }
            return Matrix(rows: rows, columns: columns, values: values)
        }
        let expected: [String: Double] = try values("prdc_example")
        let found = try PrecisionRecall.figures(
            real: numbers(seed: 1), generated: numbers(seed: 2))
        for (name, value) in zip(PrecisionRecall.names, found) {
            expectClose(value, try #require(expected[name]), name)
        }
    }

    /// SciPy, torch-fidelity and prdc, see `Tests/Golden/metrics/make.py`.
    @Test(arguments: ["gaussians", "activations", "clusters"])
    func otherPackages(set: String) throws {
        let expected: Expected = try values(set)
        let inputs = try Safetensors(Golden.path("metrics/inputs.safetensors"))
        func matrix(_ name: String) throws -> Matrix {
            let tensor = try inputs.tensor("\(set).\(name)")
            return Matrix(
                rows: tensor.shape[0], columns: tensor.shape.count / tensor.shape[0],
                values: tensor.values)
        }
        let (training, generated) = (try matrix("training"), try matrix("generated"))
        let distance = try FrechetDistance.between(generated, training)
        expectClose(distance, expected.fid, "fid of SciPy")
        expectClose(distance, expected.fid_fidelity, "fid of torch-fidelity")
        expectClose(try Score.of(matrix("probabilities")), expected.score, "score")

        let input = MetricInput(
            generated: Features(generated), training: Features(training),
            test: Features(try matrix("test")))
        for metric in [PrecisionRecall.self, Memorisation.self]
            as [any Metric.Type]
        {
            for (name, value) in try Metrics.figures(metric, input) {
                let values = [
                    "precision": expected.precision, "recall": expected.recall,
                    "density": expected.density, "coverage": expected.coverage,
                    "memorisation": expected.memorisation,
                    "memorisation_ratio": expected.memorisation_ratio,
                    "memorisation_error": expected.memorisation_error,
                ]
                expectClose(value, try #require(values[name]), name)
            }
        }
        let rows = try matrix("subsets").values.map { Int($0) }
        let size = rows.count / expected.kid.count / 2
        let subsets = expected.kid.indices.map { index in
            let start = 2 * index * size
            return (
                a: Array(rows[start..<start + size]),
                b: Array(rows[start + size..<start + 2 * size])
            )
        }
        let distances = try KernelDistance.between(generated, training, subsets: subsets)
        #expect(distances.count == expected.kid.count && distances.count > 1)
        for (found, expected) in zip(distances, expected.kid) {
            expectClose(found, expected, "kid")
        }
    }

    // MARK: Bad input

    private func expectError(_ text: String, _ metric: any Metric.Type, _ input: MetricInput) {
        let error = #expect(throws: GanymedeError.self) { try Metrics.figures(metric, input) }
        #expect(error?.isUsage == false)
        #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }

    static let everyMetric =
        Metrics.all + Metrics.ofImages + Metrics.ofLabelled + Metrics.ofPoints.prefix(1)

    /// Input that has all that any metric asks for but a class that is certain.
    private func complete(_ count: Int, ofPoints: Bool) -> MetricInput {
        var input = MetricInput.normal(count, features: ofPoints ? 2 : 4)
        if ofPoints {
            input.mixture = .ring8
            return input
        }
        let labels = (0..<count).map { $0 % 10 }
        let images = Dataset(
            name: "test", image: [1, 1, 1], pixels: labels.map(UInt8.init), labels: labels)
        func with(_ seen: Features) -> Features {
            Features(
                features: seen.features, probabilities: seen.probabilities, samples: images)
        }
        (input.generated, input.test) = (with(input.generated), with(input.test))
        input.trainingSet = ImageSet(images)
        return input
    }

    @Test(arguments: everyMetric.indices)
    func everyMetricRefusesBadInput(index: Int) throws {
        let metric = Self.everyMetric[index]
        // `Copies` accepts a single image, so it is not tested with too few.
        let count = max(metric.minimumSamples, 20)
        let good = complete(count, ofPoints: metric == MixtureCoverage.self)
        if !metric.isSlow {
            #expect(try Metrics.figures(metric, good).map(\.name) == metric.names)
        }
        if count == metric.minimumSamples {
            expectError("\(grouped(count))", metric, .normal(count - 1, features: 4))
        }

        var bad = good
        bad.test = good.test.picking(0..<count - 1)
        expectError("equally many", metric, bad)
        bad = good
        bad.training = Features(.normal(count, 7, seed: 1))
        expectError("one evaluator", metric, bad)
        bad = good
        bad.training = Features(good.training.features, classes: 11)
        expectError("one evaluator", metric, bad)
        for value in [Float.nan, .infinity] {
            bad = good
            bad.generated = Features(
                features: good.generated.features.map { $0 == 3 && $1 == 1 ? value : $2 },
                probabilities: good.generated.probabilities, samples: good.generated.samples)
            expectError("generated image 3", metric, bad)
            bad = good
            bad.test = Features(
                features: good.test.features,
                probabilities: good.test.probabilities.map { $0 == 2 && $1 == 0 ? value : $2 })
            expectError("test image 2", metric, bad)
        }
        bad = good
        bad.training = Features(good.training.features.map { _, _, _ in 1 })
        expectError("all \(count) training images are the same", metric, bad)
    }

    /// Scaling all features does not change the metrics, except the Frechet distance, which scales with the square.
    /// Powers of two avoid rounding. The kernel distance is left out, because the constant 1 of its kernel makes it
    /// depend on the scale.
    @Test(arguments: [0x1p-99, 0x1p99] as [Float])
    func anyScale(factor: Float) throws {
        let good = MetricInput.normal(1000, features: 4)
        var scaled = good
        scaled.generated = Features(good.generated.features.map { factor * $2 })
        scaled.training = Features(good.training.features.map { factor * $2 })
        scaled.test = Features(good.test.features.map { factor * $2 })
        for metric in Metrics.all
        where metric.minimumSamples <= 1000 && metric != KernelDistance.self {
            let unit = metric == FrechetDistance.self ? Double(factor) * Double(factor) : 1
            let pairs = zip(
                try Metrics.figures(metric, good), try Metrics.figures(metric, scaled))
            for (plain, found) in pairs {
                #expect(
                    abs(found.value / unit - plain.value) <= 1e-9 * abs(plain.value),
                    "\(plain), \(found)")
            }
        }
    }

    @Test func refusals() throws {
        expectError(
            "more images than features", FrechetDistance.self, .normal(1000, features: 1000))
        var input = MetricInput.normal(200)
        for shares in [
            [], [1], .init(repeating: 0.2, count: 10), [0, 0.2] + .init(repeating: 0.1, count: 8),
        ] as [[Double]] {
            input.classShares = shares
            expectError("class shares", ModeDivergence.self, input)
        }
        input.classShares = nil
        expectError("mode_kl_uniform", ModeDivergence.self, input)
        let blind = Features(
            features: .normal(200, 8, seed: 1),
            probabilities: Matrix(rows: 200, columns: 0, values: []))
        let unlabelled = MetricInput(generated: blind, training: blind, test: blind)
        expectError("knows no classes", Modes.self, unlabelled)
        #expect(throws: GanymedeError.self) { try Score.of(blind.probabilities) }
    }

    /// A generator with constant output: metrics are bad but defined.
    @Test func oneImage() throws {
        var input = MetricInput.normal(1000)
        input.generated = Features(
            features: input.training.features.map { _, _, _ in 0.1 },
            probabilities: .oneHot(.init(repeating: 4, count: 1000), of: 10))
        let metrics: [any Metric.Type] = [
            FrechetDistance.self, KernelDistance.self, PrecisionRecall.self, Modes.self,
        ]
        let pairs = try metrics.flatMap { try Metrics.figures($0, input) }
        let figures = Dictionary(uniqueKeysWithValues: pairs.map { ($0.name, $0.value) })
        #expect(figures["recall"] == 0)
        #expect(figures["modes"] == 1)
        #expect((figures["coverage"] ?? 1) < 0.5)
        #expect((figures["fid"] ?? 0) > 7)
        #expect((figures["kid"] ?? 0) > 3 * (figures["kid_spread"] ?? 0))
        // One image is nearer to either the training or the test images, which is no evidence of memorisation.
        expectError("different nearest training samples", Memorisation.self, input)
    }

    // MARK: Faults

    /// Ten Gaussians in 16 dimensions: features, and the probability of each class under the mixture.
    private static func mixture(
        _ count: Int, seed: UInt64, classes: Int = 10, deviation: Float = 1
    ) -> Features {
        let centres = Matrix.normal(10, 16, seed: 99).map { 3 * $2 }
        let features = Matrix.normal(count, 16, seed: seed).map { row, column, value in
            centres.row(row % classes)[row % classes * 16 + column] + deviation * value
        }
        return seen(features, centres)
    }

    private static func seen(_ features: Matrix, _ centres: Matrix) -> Features {
        let probabilities = (0..<features.rows).flatMap { row -> [Float] in
            let logits = (0..<10).map { center in
                zip(features.row(row), centres.row(center)).reduce(0.0) {
                    $0 - Double(($1.0 - $1.1) * ($1.0 - $1.1)) / 2
                }
            }
            let top = logits.max() ?? 0
            let weights = logits.map { LibM.exp($0 - top) }
            return weights.map { Float($0 / weights.reduce(0, +)) }
        }
        return Features(
            features: features,
            probabilities: Matrix(rows: features.rows, columns: 10, values: probabilities))
    }

    /// Each fault shows in the expected metrics, compared with real samples that were not trained on.
    @Test func faultsAreToldApart() throws {
        let count = 2000
        let centres = Matrix.normal(10, 16, seed: 99).map { 3 * $2 }
        let (training, held) = (Self.mixture(count, seed: 1), Self.mixture(count, seed: 2))
        func figures(_ generated: Features) throws -> [String: Double] {
            try MetricInput(
                generated: generated, training: training, test: held,
                classShares: .init(repeating: 0.1, count: 10)
            ).figures().merging(["score": Score.of(generated.probabilities)]) { $1 }
        }
        let real = try figures(Self.mixture(count, seed: 3))
        let collapsed = try figures(Self.mixture(count, seed: 4, classes: 3))
        let copied = try figures(training)
        let blurred = try figures(Self.mixture(count, seed: 5, deviation: 1.5))
        let noise = try figures(Self.seen(.normal(count, 16, seed: 6).map { 3 * $2 }, centres))
        func check(_ name: String, _ holds: (_ value: (([String: Double]) -> Double)) -> Bool) {
            #expect(
                holds { $0[name] ?? .nan },
                "\(name): \([real, collapsed, copied, blurred, noise].map { $0[name] ?? .nan })")
        }
        check("fid") { v in
            v(real) < 0.5 && v(copied) < 1e-9 && v(collapsed) > 20 * v(real)
                && v(blurred) > 5 * v(real)
                && v(noise) > 20 * v(real)
        }
        check("kid") { v in
            let spread = real["kid_spread"] ?? 0
            return abs(v(real)) < 2 * spread && v(collapsed) > 10 * spread && v(noise) > 3 * spread
        }
        check("precision") { v in
            v(real) > 0.7 && v(collapsed) > 0.7 && v(copied) == 1 && v(blurred) < v(real) - 0.2
                && v(noise) < 0.1
        }
        check("recall") { v in
            v(real) > 0.7 && v(copied) == 1 && v(collapsed) < 0.4
        }
        check("density") { v in abs(v(real) - 1) < 0.1 && v(blurred) < 0.5 && v(noise) < 0.1 }
        check("coverage") { v in
            v(real) > 0.95 && v(copied) == 1 && v(collapsed) < 0.4 && v(noise) < 0.2
        }
        check("modes") { v in v(real) == 10 && v(copied) == 10 && v(collapsed) == 3 }
        check("mode_kl") { v in v(real) < 0.01 && v(collapsed) > 1 }
        check("score") { v in v(real) > 9 && v(collapsed) < 3.1 && v(noise) < v(real) }
        check("memorisation") { v in abs(v(real) - 0.5) < 0.05 && v(copied) == 1 }
        check("memorisation_ratio") { v in abs(v(real) - 1) < 0.03 && v(copied) == 0 }
    }
}
