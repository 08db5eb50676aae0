/// How real a discriminator finds the points of the plane, on a grid: the probability that they are. If only differences
/// between logits mean something, 0.5 is the median of the grid, and 0 and 1 are as far from it as the extreme
/// twentieth.
package final class DecisionSurface {
    /// Points along each side of the grid.
    package static let side = Scatter.side / 2
    private let program: Program
    private let result: ResultHandle
    private let isRelative: Bool

    /// Compiles the discriminator, whose variables are in `store`. Call on the engine's thread.
    package init(_ gan: GAN, store: StateStore, backend: BackendKind = .cpu) throws {
        let builder = GraphBuilder()
        let row = builder.feed(
            "row", TensorType(Shape([DecisionSurface.side] + SampleExtent.point.shape)))
        // A discriminator of packs sees a pack of equal points.
        let packs = concatenate([Tensor](repeating: row, count: gan.packing), axis: 1)
        let logits = gan.discriminator(
            packs, Variables(builder), mode: .inference, pass: "surface")
        isRelative = gan.loss.isRelative
        result = builder.result("result", isRelative ? logits : logits.sigmoid())
        program = try compiling {
            try Program(builder.graph, store: store, backend: backend)
        }
    }

    /// Values [side, side] from 0 to 1 at the cell centres of the square [-reach, reach]^2, top row first. Call on the
    /// engine's thread.
    package func probabilities(reach: Double) -> [Float] {
        let places = (0..<DecisionSurface.side).map { index in
            Float(reach * (2 * Double(index) + 1) / Double(DecisionSurface.side) - reach)
        }
        let row = program.feed("row")
        let values = places.reversed().flatMap { y in
            for (index, x) in places.enumerated() {
                row[2 * index] = x
                row[2 * index + 1] = y
            }
            program.run()
            return program.values(of: result)
        }
        return isRelative ? DecisionSurface.scaled(values) : values
    }

    private static func scaled(_ logits: [Float]) -> [Float] {
        let finite = logits.filter(\.isFinite)
        let median = quantile(0.5, ofAscending: finite.sorted()) ?? 0
        let far = quantile(0.95, ofAscending: finite.map { abs($0 - median) }.sorted()) ?? 0
        return logits.map { logit in
            let place = (logit - median) / far
            return place.isFinite ? 0.5 + 0.5 * min(max(place, -1), 1) : 0.5
        }
    }
}
