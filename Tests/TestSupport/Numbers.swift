import Engine

/// Pseudorandom numbers for tests, uniform over a range: a function of a seed.
public struct TestNumbers {
    private var state: UInt64

    public init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// SplitMix64 (Steele et al., 2014).
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Rounded to a float, so that float and double kernels start from the same value.
    public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        let unit = Double(next() >> 40) * 0x1p-24
        return Double(Float(range.lowerBound + unit * (range.upperBound - range.lowerBound)))
    }

    public mutating func tensor(_ shape: Shape, in range: ClosedRange<Double>) -> [Double] {
        (0..<shape.count).map { _ in uniform(range) }
    }
}
