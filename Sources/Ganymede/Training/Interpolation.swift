/// A walk through the noise of a generator, from one vector to the next.
public enum Interpolation {
    /// Spherical interpolation (Shoemake, 1985), which keeps to the lengths that normal noise has; a straight
    /// line passes through short vectors that the generator never saw (White, 2016, arXiv:1609.04468).
    /// Vectors that point the same way or opposite ways have no arc between them: there it is the straight line.
    ///
    /// - Parameter t: 0 is `a` and 1 is `b`, exactly.
    public static func slerp(_ a: [Float], _ b: [Float], _ t: Double) -> [Float] {
        func dot(_ x: [Float], _ y: [Float]) -> Double {
            zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let lengths = (dot(a, a) * dot(b, b)).squareRoot()
        let angle = lengths > 0 ? LibM.acos(max(-1, min(1, dot(a, b) / lengths))) : 0
        let sine = LibM.sin(angle)
        let weights =
            sine < 1e-6
            ? (1 - t, t) : (LibM.sin((1 - t) * angle) / sine, LibM.sin(t * angle) / sine)
        return zip(a, b).map { Float(weights.0 * Double($0) + weights.1 * Double($1)) }
    }

    /// For each two neighbours among `ends`, the vectors from the first to the second, both included:
    /// `frames + 1` of them.
    ///
    /// - Parameter loop: whether one more leg leads from the last back to the first.
    public static func legs(_ ends: [[Float]], frames: Int, loop: Bool) -> [[[Float]]] {
        let starts = loop ? ends : ends.dropLast()
        return zip(starts, ends.dropFirst() + ends.prefix(1)).map { a, b in
            (0...frames).map { slerp(a, b, Double($0) / Double(frames)) }
        }
    }
}
