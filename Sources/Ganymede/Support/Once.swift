import Synchronization

/// A value that is computed when it is first asked for, once; copies of what holds it share it.
final class Once<Value: Sendable>: Sendable {
    private let known = Mutex<Value?>(nil)

    func callAsFunction(_ compute: () throws -> Value) rethrows -> Value {
        try known.withLock { known in
            if let known { return known }
            let value = try compute()
            known = value
            return value
        }
    }
}
