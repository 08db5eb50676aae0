/// What every random number follows from, besides the stream that a tensor names: a seed and a step. Equal keys draw equal
/// numbers, in any process and with any number of threads.
public struct RandomKey: Hashable, Sendable {
    private let seed: UInt64
    private let step: UInt64

    /// The key of one step of the run of `seed`.
    public init(seed: UInt64, step: UInt64) {
        self.seed = seed
        self.step = step
    }

    /// Seed low, seed high, step low, step high.
    package func word(_ index: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: (index < 2 ? seed : step) >> (index % 2 * 32))
    }

    package var words: [UInt32] { (0..<4).map(word) }
}
