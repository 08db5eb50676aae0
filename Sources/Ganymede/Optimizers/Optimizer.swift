/// How a variable follows its gradient. Written as a value: the numbers it keeps are named states.
///
/// To add one, write a file like `Adam.swift` and its line in ``Optimizers/all``.
public protocol Optimizer: Codable, Equatable, Sendable {
    /// The name in files and paths, such as `adam`.
    static var kind: String { get }
    /// Tensors that it keeps for each variable, such as `m` and `v`.
    var slots: [String] { get }
    /// Names of the scalars that the host computes for each update.
    var scalars: [String] { get }
    /// Which of its numbers is out of range, or nil.
    var fault: String? { get }
    /// The scalar at `index` of ``scalars`` for update `t`, counted from 1, in double precision. Asked for before
    /// every step, so a number and not an array.
    func scalarValue(_ index: Int, update t: Int) -> Double
    /// The variable and the slots after one update.
    func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor])
}

extension Optimizer {
    /// The first of `numbers` that is outside its range, as a sentence.
    func outside(_ numbers: [(name: String, value: Double, range: Range<Double>)]) -> String? {
        numbers.first { !$0.range.contains($0.value) }.map { name, value, range in
            let end = range.upperBound.isFinite ? " to below \(range.upperBound)" : " on"
            return "\(name) of \(Self.kind) is from \(range.lowerBound)\(end), and not \(value)"
        }
    }

    func isEqual(to other: any Optimizer) -> Bool { (other as? Self) == self }
}

/// Every optimizer by its kind.
public enum Optimizers {
    /// The registry.
    public static let all: [any Optimizer.Type] = [Adam.self, RMSprop.self, SGD.self]
}

/// An optimizer of any kind, as files hold it.
public struct AnyOptimizer: Codable, Equatable, Sendable {
    /// The optimizer.
    public let value: any Optimizer

    /// Wraps an optimizer.
    public init(_ value: any Optimizer) { self.value = value }

    private enum Key: String, CodingKey { case kind }

    public func encode(to encoder: any Encoder) throws {
        try value.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(type(of: value).kind, forKey: .kind)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let kind = try container.decode(String.self, forKey: .kind)
        guard let type = Optimizers.all.first(where: { $0.kind == kind }) else {
            let known = Optimizers.all.map { $0.kind }.joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container,
                debugDescription: "there is no optimizer called \(kind), only \(known)")
        }
        value = try type.init(from: decoder)
    }

    public static func == (a: AnyOptimizer, b: AnyOptimizer) -> Bool {
        a.value.isEqual(to: b.value)
    }
}
