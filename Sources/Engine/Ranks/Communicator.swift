/// Processes that train one run together. All of them make the same calls in the same order; a call returns when its
/// result is there.
package protocol Communicator: AnyObject, Sendable {
    /// The number of this process, from 0.
    var rank: Int { get }
    /// How many there are.
    var count: Int { get }
    /// What they talk through, with its version.
    var library: String { get }
    /// Replaces each element by its sum over all ranks; all get the same bits.
    func sum(_ values: UnsafeMutableBufferPointer<Float>)
    /// Replaces the bytes by those of one rank.
    func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int)
    /// Ends every process at once. For one that cannot go on.
    func abort(code: Int32) -> Never
}

extension Communicator {
    /// The value of one rank, by default the first.
    package func decision<Value: BitwiseCopyable>(_ value: Value, of root: Int = 0) -> Value {
        var value = value
        withUnsafeMutableBytes(of: &value) { broadcast($0, from: root) }
        return value
    }

    /// The number of ranks for which `condition` holds.
    package func number(where condition: Bool) -> Int {
        var value: [Float] = [condition ? 1 : 0]
        value.withUnsafeMutableBufferPointer { sum($0) }
        return Int(value[0])
    }
}
