import Synchronization

/// What metrics compute from real samples alone: once for all evaluations that compare with the same real samples, and,
/// where it is saved, once for all processes.
package final class RealFigures: Sendable {
    /// Values by name.
    package typealias Values = [String: [Double]]

    private struct State {
        var saved: Values
        var others: Values = [:]
    }

    private let state: Mutex<State>
    private let save: @Sendable (Values) -> Void

    /// - Parameters:
    ///   - values: those that an earlier process saved.
    ///   - save: called with all values to save, whenever there is a new one.
    package init(
        _ values: Values = [:], save: @escaping @Sendable (Values) -> Void = { _ in }
    ) {
        state = Mutex(State(saved: values))
        self.save = save
    }

    /// The values called `name`, computed by `compute` if they are not known.
    ///
    /// - Parameter isSaved: whether they are few and take long.
    package func values(
        _ name: String, isSaved: Bool = true, _ compute: () throws -> [Double]
    ) rethrows -> [Double] {
        if let known = state.withLock({ $0.saved[name] ?? $0.others[name] }) { return known }
        let computed = try compute()
        let changed = state.withLock { state -> Values? in
            if isSaved { state.saved[name] = computed } else { state.others[name] = computed }
            return isSaved ? state.saved : nil
        }
        if let changed { save(changed) }
        return computed
    }
}
