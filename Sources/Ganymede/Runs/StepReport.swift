import FoundationEssentials

/// The reported values of one step.
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
    /// Fraction of real images, and of fakes, that the discriminator classified correctly.
    public var dAccReal, dAccFake: Double
    /// Fraction of fakes that it classified as real in the generator's pass.
    public var gAcc: Double
    /// Real images a second, over about the last second.
    public var imagesPerSecond: Double
    /// Metrics of an evaluation after this step, by name; nil if there was none.
    public var metrics: [String: Double]?
    /// The same metrics for as many real samples in place of generated ones.
    public var metricsReal: [String: Double]?
    /// The ailments that the last measurement of the run's health shows, by name. Not in the journal.
    public var ailments: [String] = []
    /// Other values that the training step reports, by name. Written to the journal, and not read from it.
    public var others: [String: Double] = [:]
    /// What a person did before this step; nil if nothing.
    public var events: [RunEvent]?

    private enum CodingKeys: CodingKey {
        case step, epoch, images, seconds, dLoss, gLoss, dAccReal, dAccFake, gAcc, imagesPerSecond
        case metrics, metricsReal, events
    }

    /// A report of the given values; others are zero.
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

    /// Fraction of all images that the discriminator classified correctly.
    public var dAcc: Double { (dAccReal + dAccFake) / 2 }

    /// Appends the line of `journal.jsonl`. It does not allocate, because numbers are strings of up to 15 bytes, which
    /// Swift stores inline; only evaluations allocate.
    package func append(to line: inout [UInt8]) {
        func put(_ text: String) { line.append(contentsOf: text.utf8) }
        func put(_ name: StaticString, _ number: String) {
            name.withUTF8Buffer { line.append(contentsOf: $0) }
            put(number)
        }
        put("{\"step\":", String(step))
        put(",\"epoch\":", Float(epoch).description)
        put(",\"images\":", String(images))
        put(",\"seconds\":", fixed(seconds, 3))
        put(",\"d_loss\":", Float(dLoss).description)
        put(",\"g_loss\":", Float(gLoss).description)
        put(",\"d_acc\":", Float(dAcc).description)
        put(",\"d_acc_real\":", Float(dAccReal).description)
        put(",\"d_acc_fake\":", Float(dAccFake).description)
        put(",\"g_acc\":", Float(gAcc).description)
        put(",\"images_per_second\":", fixed(imagesPerSecond, 1))
        for (name, value) in others.sorted(by: { $0.key < $1.key }) {
            put(",\"\(name)\":\(Float(value))")
        }
        if let metrics { put(StepReport.text("metrics", metrics)) }
        if let metricsReal { put(StepReport.text("metrics_real", metricsReal)) }
        if let events { put(",\"events\":\(events.text)") }
        put("}\n", "")
    }

    private static func text(_ name: String, _ figures: [String: Double]) -> String {
        let parts = figures.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        return ",\"\(name)\":{\(parts.joined(separator: ","))}"
    }

    /// Whether counts and times are in a range that a run can write, so that those read from any file can be added and
    /// shown.
    var isPossible: Bool {
        (1...1_000_000_000).contains(step) && images >= 0 && (0...1e12).contains(seconds)
            && epoch.isFinite
    }
}

/// Means of the accuracies over some steps.
public struct MeanAccuracy: Sendable {
    private var steps = 0.0
    /// Fraction of real images and of fakes that the discriminator classified correctly, and of the generator's fakes
    /// that it classified as real.
    public private(set) var real = 0.0, fake = 0.0, generator = 0.0

    /// The means over `reports`.
    public init(_ reports: some Sequence<StepReport> = []) {
        for report in reports { add(report) }
    }

    /// Includes one more step.
    public mutating func add(_ report: StepReport) {
        steps += 1
        real += (report.dAccReal - real) / steps
        fake += (report.dAccFake - fake) / steps
        generator += (report.gAcc - generator) / steps
    }

    /// `D accuracy 63% (real 61% generated 65%)  G accuracy 21%`
    public var text: String {
        "D accuracy \(percent((real + fake) / 2)) (real \(percent(real)) generated \(percent(fake)))  "
            + "G accuracy \(percent(generator))"
    }
}
