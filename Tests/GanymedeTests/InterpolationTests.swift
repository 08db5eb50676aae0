import Ganymede
import TestSupport
import Testing

/// Interpolation of latent vectors.
@Suite(.timeLimit(.minutes(20)))
struct InterpolationTests {
    /// A third of a quarter circle, and both ends exactly.
    @Test func slerpKeepsToTheCircle() {
        let (a, b): ([Float], [Float]) = ([2, 0], [0, 2])
        let third = Interpolation.slerp(a, b, 1.0 / 3)
        #expect(abs(third[0] - 1.7320508) < 1e-6 && abs(third[1] - 1) < 1e-6)
        let (c, d): ([Float], [Float]) = ([0.3, -1.7, 2.1], [1.1, 0.4, -0.7])
        for path in [Interpolation.slerp, Interpolation.lerp] {
            #expect(path(c, d, 0) == c && path(c, d, 1) == d)
        }
        #expect(
            Interpolation.legs(
                [Latent(noise: a), Latent(noise: b)], frames: 2, loop: false,
                along: Interpolation.lerp)[0][1] == Latent(noise: [1, 1]))
    }

    /// Vectors without an arc between them: linear interpolation, and never NaN or infinity.
    @Test(arguments: [[1, 2], [2, 4], [-1, -2], [0, 0]] as [[Float]])
    func slerpOfOneDirection(b: [Float]) {
        let middle = Interpolation.slerp([1, 2], b, 0.5)
        #expect(zip(middle, [1 + b[0], 2 + b[1]]).allSatisfy { abs($0 * 2 - $1) < 1e-6 })
    }

    /// Each leg starts and ends with the images of its seeds, byte for byte.
    @Test func legsStartAtTheSeeds() throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 2)
        let sampler = try Sampler.load(run.directory.path)
        let seeds = [4, 0, 9]
        let ends = seeds.map { sampler.latent(seed: $0) }
        let legs = Interpolation.legs(ends, frames: 30, loop: true)
        #expect(legs.count == 3 && legs.allSatisfy { $0.count == 31 })
        let size = 28 * 28
        for (index, leg) in legs.enumerated() {
            let images = sampler.images(leg)
            #expect(Array(images.prefix(size)) == sampler.images(seeds: [seeds[index]]))
            #expect(Array(images.suffix(size)) == sampler.images(seeds: [seeds[(index + 1) % 3]]))
        }
        #expect(
            Interpolation.legs(ends, frames: 1, loop: false) == [
                [ends[0], ends[1]], [ends[1], ends[2]],
            ])
    }
}
