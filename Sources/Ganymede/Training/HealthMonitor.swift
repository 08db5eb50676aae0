/// Measures a run's health every now and then, and keeps the record.
final class HealthMonitor {
    private(set) var signals: [HealthSignals] = []
    private let options: RunOptions
    private let dataset: Dataset
    private let store: StateStore
    /// The test split, if an evaluation has loaded it.
    private let test: Dataset?
    private let interval: Int
    private var window = MeanReport()
    private var probe: HealthProbe?
    private var earlierWeights: [Float]?
    private var classifier: (sampler: Sampler, extractor: FeatureExtractor)?
    /// The names of the ailments that the last measurement shows.
    private(set) var ailments: [String] = []

    /// Nil if the run is not measured.
    init?(_ options: RunOptions, _ dataset: Dataset, test: Dataset?, store: StateStore) {
        guard let interval = options.healthInterval, dataset.count >= HealthProbe.samples,
            HealthProbe.samples % options.gan.packing == 0
        else { return nil }
        self.options = options
        self.dataset = dataset
        self.test = test
        self.store = store
        self.interval = interval
    }

    /// Continues the record of a run that is resumed after `step` steps.
    ///
    /// - Parameter weights: ``rememberedWeights`` of its checkpoint.
    func take(
        _ earlier: [HealthSignals], _ journal: [StepReport], step: Int, weights: [Float]?
    ) {
        earlierWeights = weights
        signals = earlier.filter { $0.step <= step && $0.nonFinite == nil }
        let measured = signals.last?.step ?? 0
        for report in journal where report.step > measured && report.step <= step {
            window.add(report)
        }
        ailments = Ailments.verdicts(signals, options.gan).map(\.ailment)
    }

    /// Adds a step, and measures if that is due. Call on the engine's thread.
    ///
    /// - Returns: verdicts that are new; nil if nothing was measured.
    func add(_ report: StepReport) throws -> [Verdict]? {
        window.add(report)
        guard report.step % interval == 0 else { return nil }
        if probe == nil { try prepare() }
        guard var measured = probe?.measure() else { return nil }
        measured.step = report.step
        window.write(to: &measured)
        window = MeanReport()
        measured.classes = try classes()
        signals.append(measured)
        let verdicts = Ailments.verdicts(signals, options.gan)
        defer { ailments = verdicts.map(\.ailment) }
        return verdicts.filter { !ailments.contains($0.ailment) }
    }

    /// What the next measurement compares with, for a checkpoint; nil before the first.
    var rememberedWeights: [Float]? { probe?.remembered ?? earlierWeights }

    /// Records that training stopped for NaN or infinity.
    func noteNonFinite(step: Int, tensor: String) {
        var last = signals.last ?? HealthSignals()
        last.step = step
        last.nonFinite = tensor
        signals.append(last)
    }

    private func prepare() throws {
        let gan = options.gan
        let sampler = try Sampler(
            gan, store: store, weights: .raw, backend: options.training.backend)
        probe = try HealthProbe(
            gan, store: store, training: dataset,
            test: test ?? (try? options.source.test(gan.extent)),
            seed: options.training.seed, noise: { sampler.noise(seed: $0) },
            remembered: earlierWeights,
            backend: options.training.backend)
        // The classes of a conditional generator are those that it is asked for.
        if gan.classes == nil,
            let extractor = try? FeatureExtractor(options.source, evaluator: options.evaluator),
            extractor.extent == gan.extent, extractor.classNames != nil
        {
            classifier = (sampler, extractor)
        }
    }

    /// The share of each class among generated samples; nil without an evaluator.
    private func classes() throws -> [Double]? {
        guard let classifier else { return nil }
        // Samples that are not finite have no classes; whether to stop is the step's to say.
        guard let made = try? classifier.sampler.samples(seeds: Array(0..<HealthProbe.classified))
        else { return nil }
        return ClassHistogram(mostLikely: try classifier.extractor.observe(made).probabilities)
            .shares
    }
}

/// Means of what steps report.
private struct MeanReport {
    private var count = 0.0
    private var sums = (dLoss: 0.0, gLoss: 0.0)
    private var accuracy = MeanAccuracy()

    mutating func add(_ report: StepReport) {
        count += 1
        sums.dLoss += report.dLoss
        sums.gLoss += report.gLoss
        accuracy.add(report)
    }

    func write(to signals: inout HealthSignals) {
        signals.dLoss = sums.dLoss / max(count, 1)
        signals.gLoss = sums.gLoss / max(count, 1)
        signals.dAccReal = accuracy.real
        signals.dAccFake = accuracy.fake
    }
}

extension RunOptions {
    /// Steps between measurements of the run's health; nil for none.
    var healthInterval: Int? {
        guard let every = training.healthEvery else { return max(100, training.steps / 50) }
        return every == 0 ? nil : every
    }
}
