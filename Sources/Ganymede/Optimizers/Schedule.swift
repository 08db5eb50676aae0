/// A number that is constant or changes over the steps of a run: a learning rate, the weight of a penalty, the decay of
/// an average. Written as a number if it is constant:
/// ```swift
/// let optimizer = Adam(learningRate: .linear(from: 5e-4, to: 0, steps: 2_500..<5_000), beta2: 0.99)
/// ```
public struct Schedule: Equatable, Sendable, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral
{
    /// How a value gets from its start to its end.
    public enum Curve: String, Codable, Sendable, CaseIterable {
        /// In proportion to the steps.
        case linear
        /// Half a period of a cosine: slow, fast, slow.
        case cosine
    }

    /// The value up to the step ``start``.
    public var from: Double
    /// The value from the step ``end`` on.
    public var to: Double
    /// How it gets from one to the other.
    public var curve: Curve
    /// Finished steps when the change begins.
    public var start: Int
    /// Finished steps when it is complete.
    public var end: Int

    /// The same value at every step.
    public static func constant(_ value: Double) -> Schedule {
        Schedule(from: value, to: value, curve: .linear, start: 0, end: 0)
    }

    /// A change in proportion to the steps. `steps` is its horizon, in finished steps.
    public static func linear(from: Double, to: Double, steps: Range<Int>) -> Schedule {
        Schedule(
            from: from, to: to, curve: .linear, start: steps.lowerBound, end: steps.upperBound)
    }

    /// A change along half a period of a cosine (Loshchilov and Hutter, "SGDR", 2017).
    public static func cosine(from: Double, to: Double, steps: Range<Int>) -> Schedule {
        Schedule(
            from: from, to: to, curve: .cosine, start: steps.lowerBound, end: steps.upperBound)
    }

    public init(floatLiteral value: Double) { self = .constant(value) }
    public init(integerLiteral value: Int) { self = .constant(Double(value)) }

    private init(from: Double, to: Double, curve: Curve, start: Int, end: Int) {
        self.from = from
        self.to = to
        self.curve = curve
        self.start = start
        self.end = end
    }

    /// Whether it has the same value at every step.
    public var isConstant: Bool { from == to }

    /// The value for the step that follows `step` finished ones.
    public subscript(step: Int) -> Double {
        if isConstant || step <= start { return from }
        if step >= end { return to }
        let done = Double(step - start) / Double(end - start)
        switch curve {
        case .linear: return from + (to - from) * done
        case .cosine: return to + (from - to) * (1 + LibM.cos(.pi * done)) / 2
        }
    }

    /// The same course from another first value; if it begins at 0, to another last value.
    public func scaled(to value: Double) -> Schedule {
        var copy = self
        copy.from = from == 0 && !isConstant ? 0 : value
        copy.to = from == 0 || isConstant ? value : to * (value / from)
        return copy
    }

    /// The same course with half of every value.
    var halved: Schedule {
        var copy = self
        (copy.from, copy.to) = (from / 2, to / 2)
        return copy
    }

    /// The same course over a run that is `factor` times as long.
    func stretched(by factor: Double) -> Schedule {
        var copy = self
        copy.start = Schedule.scaled(start, by: factor)
        copy.end = max(Schedule.scaled(end, by: factor), copy.start)
        return copy
    }

    /// The last step at which a schedule may end.
    private static let lastStep = 1_000_000_000

    private static func scaled(_ step: Int, by factor: Double) -> Int {
        Int(min(max(Double(step) * factor, -1), Double(lastStep)).rounded())
    }

    /// Why it is no schedule with values in `range`; nil if it is one.
    func fault(_ name: String, _ range: Range<Double>) -> String? {
        for value in [from, to] where !range.contains(value) {
            let end = range.upperBound.isFinite ? " to below \(range.upperBound)" : " on"
            return "\(name) is from \(range.lowerBound)\(end), and not \(value)"
        }
        if isConstant || (start >= 0 && end >= start && end <= Schedule.lastStep) { return nil }
        return
            "\(name) changes from one step to a later one, a billion at most, and not from \(start) to \(end)"
    }
}

/// Files hold a number, or the fields.
extension Schedule: Codable {
    private enum Key: String, CodingKey { case from, to, curve, start, end }

    public init(from decoder: any Decoder) throws {
        if let value = try? decoder.singleValueContainer().decode(Double.self) {
            self = .constant(value)
            return
        }
        guard let container = try? decoder.container(keyedBy: Key.self) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "it is a number, or from, to, curve, start and end"))
        }
        from = try container.decode(Double.self, forKey: .from)
        to = try container.decode(Double.self, forKey: .to)
        curve = try container.decodeIfPresent(Curve.self, forKey: .curve) ?? .linear
        start = try container.decodeIfPresent(Int.self, forKey: .start) ?? 0
        end = try container.decode(Int.self, forKey: .end)
    }

    public func encode(to encoder: any Encoder) throws {
        if isConstant {
            var container = encoder.singleValueContainer()
            try container.encode(from)
            return
        }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(from, forKey: .from)
        try container.encode(to, forKey: .to)
        try container.encode(curve, forKey: .curve)
        try container.encode(start, forKey: .start)
        try container.encode(end, forKey: .end)
    }
}
