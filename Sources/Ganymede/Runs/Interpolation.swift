/// Interpolation between latent vectors.
public enum Interpolation {
    /// Interpolates between two latent vectors of the same dimension: exactly `a` at t = 0 and `b` at t = 1.
    public typealias Path = (_ a: [Float], _ b: [Float], _ t: Double) -> [Float]

    /// Linear interpolation, for uniform noise: it stays in the cube.
    public static func lerp(_ a: [Float], _ b: [Float], _ t: Double) -> [Float] {
        mixed(a, b, 1 - t, t)
    }

    /// Spherical interpolation (Shoemake, 1985), for normal noise. It keeps the typical norm of such noise, while the
    /// straight line passes through short vectors that the generator never saw (White, 2016, arXiv:1609.04468). Linear
    /// for vectors of the same or opposite direction, which define no arc.
    public static func slerp(_ a: [Float], _ b: [Float], _ t: Double) -> [Float] {
        func dot(_ x: [Float], _ y: [Float]) -> Double {
            zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let lengths = (dot(a, a) * dot(b, b)).squareRoot()
        let angle = lengths > 0 ? LibM.acos(max(-1, min(1, dot(a, b) / lengths))) : 0
        let sine = LibM.sin(angle)
        if sine < 1e-6 { return lerp(a, b, t) }
        return mixed(a, b, LibM.sin((1 - t) * angle) / sine, LibM.sin(t * angle) / sine)
    }

    private static func mixed(_ a: [Float], _ b: [Float], _ x: Double, _ y: Double) -> [Float] {
        zip(a, b).map { Float(x * Double($0) + y * Double($1)) }
    }

    /// For each pair of consecutive `ends`, the `frames + 1` latents from the first to the second, both included.
    ///
    /// - Parameters:
    ///   - ends: noise, and classes of a conditional GAN.
    ///   - frames: steps from one end to the next.
    ///   - loop: whether to add a leg from the last back to the first.
    ///   - path: computes what lies between two vectors.
    public static func legs(
        _ ends: [Latent], frames: Int, loop: Bool, along path: Path = slerp
    ) -> [[Latent]] {
        let starts = loop ? ends : ends.dropLast()
        return zip(starts, ends.dropFirst() + ends.prefix(1)).map { a, b in
            (0...frames).map { Latent.between(a, b, Double($0) / Double(frames), along: path) }
        }
    }
}
