#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What one step reported.
public struct StepReport: Sendable, Equatable, Decodable {
    /// Finished steps, this one included.
    public var step: Int
    /// Passes over the dataset.
    public var epoch: Double
    /// Real images seen.
    public var images: Int
    /// Seconds of training since the run began, pauses excluded.
    public var seconds: Double
    /// Losses of discriminator and generator.
    public var dLoss, gLoss: Double
    /// Share of real images, and of fakes, that the discriminator told right.
    public var dAccReal, dAccFake: Double
    /// Share of fakes that it took for real in the generator's pass.
    public var gAcc: Double
    /// Real images a second, over about the last second.
    public var imagesPerSecond: Double
    /// What an evaluation after this step found, by the metrics' names; nil where there was none.
    public var metrics: [String: Double]?
    /// The same of as many real samples in place of generated ones.
    public var metricsReal: [String: Double]?

    /// A report of the given numbers, zero where not given.
    public init(
        step: Int = 0, epoch: Double = 0, images: Int = 0, seconds: Double = 0, dLoss: Double = 0,
        gLoss: Double = 0, dAccReal: Double = 0, dAccFake: Double = 0, gAcc: Double = 0,
        imagesPerSecond: Double = 0
    ) {
        self.step = step
        self.epoch = epoch
        self.images = images
        self.seconds = seconds
        self.dLoss = dLoss
        self.gLoss = gLoss
        self.dAccReal = dAccReal
        self.dAccFake = dAccFake
        self.gAcc = gAcc
        self.imagesPerSecond = imagesPerSecond
    }

    /// Share of all images that the discriminator told right.
    public var dAcc: Double { (dAccReal + dAccFake) / 2 }

    /// The line of `journal.jsonl`.
    var line: String {
        func shorter(_ value: Double) -> String { "\(Float(value))" }
        return
            "{\"step\":\(step),\"epoch\":\(shorter(epoch)),\"images\":\(images),\"seconds\":\(fixed(seconds, 3))"
            + ",\"d_loss\":\(shorter(dLoss)),\"g_loss\":\(shorter(gLoss)),\"d_acc\":\(shorter(dAcc))"
            + ",\"d_acc_real\":\(shorter(dAccReal)),\"d_acc_fake\":\(shorter(dAccFake))"
            + ",\"g_acc\":\(shorter(gAcc)),\"images_per_second\":\(fixed(imagesPerSecond, 1))"
            + text("metrics", metrics) + text("metrics_real", metricsReal) + "}\n"
    }

    private func text(_ name: String, _ figures: [String: Double]?) -> String {
        guard let figures else { return "" }
        let parts = figures.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        return ",\"\(name)\":{\(parts.joined(separator: ","))}"
    }
}

/// Means of the accuracies over some steps.
package struct MeanAccuracy {
    private var steps = 0.0
    /// Share of real images, and of fakes, that the discriminator told right, and of the generator's fakes
    /// that it took for real.
    package private(set) var real = 0.0, fake = 0.0, generator = 0.0

    package init(_ reports: some Sequence<StepReport> = []) {
        for report in reports { add(report) }
    }

    package mutating func add(_ report: StepReport) {
        steps += 1
        real += (report.dAccReal - real) / steps
        fake += (report.dAccFake - fake) / steps
        generator += (report.gAcc - generator) / steps
    }

    /// `D accuracy 63% (real 61% fake 65%)  G 21% taken for real`
    package var text: String {
        "D accuracy \(percent((real + fake) / 2)) (real \(percent(real)) fake \(percent(fake)))  "
            + "G \(percent(generator)) taken for real"
    }
}

/// `journal.jsonl`: one object a line, every step. Kept in memory until the next checkpoint, so that the
/// file never runs ahead of what can be resumed by more than a crash explains.
package struct Journal {
    private let path: String
    // As reports: their lines are text, which takes memory, and a step takes none.
    private var pending: [StepReport] = []

    /// Opens the journal and cuts the lines beyond `step`.
    ///
    /// - Returns: the seconds of training that the last kept line tells.
    package static func open(_ path: String, after step: Int) throws -> (
        journal: Journal, seconds: Double
    ) {
        struct Line: Decodable {
            let step: Int
            let seconds: Double
        }
        var kept = Data()
        var seconds = 0.0
        if Files.exists(path) {
            for line in try Files.read(path).split(separator: UInt8(ascii: "\n")) {
                // A line that a crash cut short ends what can be trusted.
                guard let parsed = try? JSONDecoder().decode(Line.self, from: line),
                    parsed.step <= step
                else { break }
                kept.append(line)
                kept.append(UInt8(ascii: "\n"))
                seconds = parsed.seconds
            }
        }
        try Files.writeAtomically(path, [kept])
        return (Journal(path: path), seconds)
    }

    private init(path: String) {
        self.path = path
        pending.reserveCapacity(8192)
    }

    /// What a journal tells: its lines in rising order of their steps, without those that cannot be read.
    static func read(_ path: String) throws -> [StepReport] {
        let decoder = JSON.decoder()
        var reports: [StepReport] = []
        for line in try Files.read(path).split(separator: UInt8(ascii: "\n")) {
            guard let report = try? decoder.decode(StepReport.self, from: line),
                report.step > reports.last?.step ?? 0, report.seconds >= 0
            else { continue }
            reports.append(report)
        }
        return reports
    }

    package mutating func append(_ report: StepReport) {
        pending.append(report)
    }

    /// Writes what is pending to the end of the file.
    package mutating func flush() throws {
        guard !pending.isEmpty else { return }
        try Files.append(path, Data(pending.map(\.line).joined().utf8))
        pending.removeAll(keepingCapacity: true)
    }
}
