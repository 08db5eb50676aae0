/// A discriminator's probability that a point of the plane is real, on a grid.
package final class DecisionSurface {
    /// Points along each side of the grid.
    package static let side = Scatter.side / 2
    private let program: Program
    private let probability: ResultHandle

    /// Compiles the discriminator, whose variables are in `store`. Call on the engine's thread.
    package init(_ gan: GAN, store: StateStore, backend: BackendKind = .cpu) throws {
        let builder = GraphBuilder()
        let row = builder.feed(
            "row", TensorType(Shape([DecisionSurface.side] + SampleExtent.point.shape)))
        // A discriminator of packs sees a pack of equal points.
        let packs = concatenate([Tensor](repeating: row, count: gan.packing), axis: 1)
        let logits = gan.discriminator(
            packs, Variables(builder), mode: .inference, pass: "surface")
        probability = builder.result("probability", logits.sigmoid())
        program = try compiling {
            try Program(builder.graph, store: store, backend: backend)
        }
    }

    /// Probabilities [side, side] at the cell centres of the square [-reach, reach]^2, top row first. Call on the
    /// engine's thread.
    package func probabilities(reach: Double) -> [Float] {
        let places = (0..<DecisionSurface.side).map { index in
            Float(reach * (2 * Double(index) + 1) / Double(DecisionSurface.side) - reach)
        }
        let row = program.feed("row")
        return places.reversed().flatMap { y in
            for (index, x) in places.enumerated() {
                row[2 * index] = x
                row[2 * index + 1] = y
            }
            program.run()
            return program.values(of: probability)
        }
    }
}
