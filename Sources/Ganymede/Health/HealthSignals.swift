package import FoundationEssentials
import Glibc

/// Measurements of a run in progress that tell how it fares: a line of `health.jsonl`.
public struct HealthSignals: Codable, Equatable, Sendable {
    /// Finished steps.
    public var step = 0
    /// Means over the steps since the last measurement: losses, and accuracies of the discriminator.
    public var dLoss = 0.0, gLoss = 0.0, dAccReal = 0.0, dAccFake = 0.0
    /// The share of training images, of test images and of generated ones that the discriminator classifies as real;
    /// nil for test images where there are none.
    public var realOnTraining = 0.0, realOnGenerated = 0.0
    public var realOnTest: Double?
    /// The mean logits of the same images.
    public var logitOnTraining = 0.0, logitOnGenerated = 0.0
    public var logitOnTest: Double?
    /// The mean norm of the generator's gradient with respect to one of its images: what it learns from.
    public var imageGradient = 0.0
    /// Norms of each network's gradient with respect to all of its weights.
    public var dGradient = 0.0, gGradient = 0.0
    /// The mean distance between samples of fixed seeds, as a share of that between real samples; of the same class for a
    /// conditional GAN.
    public var diversity = 0.0
    /// The mean distance of a sample to the nearest other one, as a share of that of real samples.
    public var nearest = 0.0
    /// The change of the generator's weights since the last measurement, as a share of their norm; nil at the first. Of
    /// large generators some weights stand for all.
    public var movement: Double?
    /// The share of each class among samples, as an evaluator sees them; nil without an evaluator.
    public var classes: [Double]?
    /// The tensor that first held NaN or infinity, where training stopped for it.
    public var nonFinite: String?

    /// No measurement yet.
    public init() {}

    /// The Kullback-Leibler divergence of the classes' shares from those of `other`, in nats; nil without classes.
    func divergence(from other: HealthSignals) -> Double? {
        guard let p = classes, let q = other.classes, p.count == q.count else { return nil }
        // Half a sample in each class, so that an empty one has no infinite part.
        let floor = 0.5 / Double(HealthProbe.classified)
        return zip(p, q).reduce(0) { sum, pair in
            let (a, b) = (pair.0 + floor, pair.1 + floor)
            return sum + a * LibM.log(a / b)
        }
    }
}

/// The file of a run's measurements.
package enum HealthRecord {
    /// How numbers that are not finite are written: a run that diverges may have gradients beyond float32.
    private static let (positive, negative, none) = ("inf", "-inf", "nan")

    /// Reads every line; those that are damaged or cut short are left out.
    package static func read(_ path: String) throws -> [HealthSignals] {
        guard Files.exists(path) else { return [] }
        return parse(try Files.read(path))
    }

    /// The lines of a file.
    package static func parse(_ content: Data) -> [HealthSignals] {
        let text = String(decoding: content, as: UTF8.self)
        let decoder = JSON.decoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: positive, negativeInfinity: negative, nan: none)
        var signals: [HealthSignals] = []
        for line in text.split(separator: "\n") {
            guard let found = try? decoder.decode(HealthSignals.self, from: Data(line.utf8)) else {
                continue
            }
            signals.append(found)
        }
        return signals
    }

    /// Writes the lines, replacing the file.
    package static func write(_ signals: [HealthSignals], to path: String) throws {
        try Files.writeAtomically(path, text: lines(signals))
    }

    private static func lines(_ signals: [HealthSignals]) throws -> String {
        try signals.map { try text($0) + "\n" }.joined()
    }

    /// Removes what was measured after a step, which will be measured again, and lines that cannot be read.
    static func cut(_ path: String, after step: Int) throws {
        guard Files.exists(path) else { return }
        let old = try Files.read(path)
        let signals = parse(old).filter { $0.step <= step && $0.nonFinite == nil }
        if signals.isEmpty { return try Files.remove(path) }
        if try Data(lines(signals).utf8) != old { try write(signals, to: path) }
    }

    /// Adds a line, in time that does not depend on those before. One that is there already, because only the flush or
    /// the taking back of an earlier try failed, is not added again.
    static func append(_ signals: HealthSignals, to path: String) throws {
        let line = Array(try lines([signals]).utf8)
        if let size = Files.status(path)?.size, size >= line.count {
            let (descriptor, _) = try Files.openToRead(path)
            defer { close(descriptor) }
            let end = try Files.readPart(
                descriptor, path, offset: size - line.count, count: line.count)
            if Array(end) == line { return }
        }
        try Files.append(line, to: path)
    }

    /// A value that holds signals, as JSON on one line.
    package static func text(_ value: some Encodable) throws -> String {
        let encoder = JSON.encoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: positive, negativeInfinity: negative, nan: none)
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
