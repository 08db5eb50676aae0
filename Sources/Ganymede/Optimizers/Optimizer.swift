/// The update rule of variables, given their gradients. Its fields are hyperparameters; its state is in named slots.
///
/// To add one, write a file like `Adam.swift` and its line in ``Optimizers/all``.
public protocol Optimizer: Registrable {
    /// Names of the state tensors of each variable, such as `m` and `v`.
    var slots: [String] { get }
    /// Names of the scalars that the host computes for each update.
    var scalars: [String] { get }
    /// Describes a field that is out of range; nil if there is none.
    var fault: String? { get }
    /// The size of its steps.
    var learningRate: Schedule { get set }
    /// The schedules among its fields; by default the learning rate.
    var schedules: [WritableKeyPath<Self, Schedule>] { get }
    /// The scalar at `index` of ``scalars``. It is called before every step and returns one number, not an array, to
    /// avoid allocation.
    ///
    /// - Parameters:
    ///   - index: its place among ``scalars``.
    ///   - t: the number of this update, counted from 1.
    ///   - step: finished training steps, for schedules.
    func scalarValue(_ index: Int, update t: Int, step: Int) -> Double
    /// The variable and the slots after one update.
    func apply(
        _ weight: Tensor, _ gradient: Tensor, slots: [Tensor], scalars: [Tensor]
    ) -> (weight: Tensor, slots: [Tensor])
}

extension Optimizer {
    public static var family: KindFamily { Optimizers.family }

    /// The learning rate.
    public var schedules: [WritableKeyPath<Self, Schedule>] { [\.learningRate] }

    /// This optimizer for a run that is `factor` times as long.
    func stretched(by factor: Double) -> Self {
        var copy = self
        for path in schedules { copy[keyPath: path] = copy[keyPath: path].stretched(by: factor) }
        return copy
    }

    /// The first of `numbers` that is outside its range, as a sentence.
    func outside(_ numbers: [(name: String, value: Double, range: Range<Double>)]) -> String? {
        numbers.first { !$0.range.contains($0.value) }.map { name, value, range in
            let end = range.upperBound.isFinite ? " to below \(range.upperBound)" : " on"
            return "\(name) of \(Self.kind) is from \(range.lowerBound)\(end), and not \(value)"
        }
    }
}

/// Every optimizer by its kind.
public enum Optimizers {
    /// The optimizers of the library.
    public static let all: [any Optimizer.Type] = [Adam.self, RMSprop.self, SGD.self]

    /// The optimizers, for a ``Registry``.
    public static let family = KindFamily("optimizer", all)
}
