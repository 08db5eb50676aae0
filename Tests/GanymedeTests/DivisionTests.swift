import Ganymede
import TestSupport
import Testing

/// The step of every preset, divided among ranks that sum with each other: the same as undivided, in double precision.
@Suite(.timeLimit(.minutes(20)))
struct DivisionTests {
    private static let batch = 16

    private func graphs(_ system: GoldenSystem) -> [Graph] {
        let step = StepGraph(
            reportingGradientsOf: system.gan, batch: Self.batch, randomness: .philox)
        return [step.graph, step.between?.graph].compactMap { $0 }
    }

    /// A rank's rows of the feeds that have one for each sample.
    private func share(
        _ given: [String: ReferenceTensor], rank: Int, of ranks: Int, in graph: Graph
    ) -> [String: ReferenceTensor] {
        var share = given
        for (_, input) in graph.inputs where input.role == .feed && input.label != "key" {
            guard input.type.shape.rank > 0, input.type.shape[0] == Self.batch else { continue }
            guard let whole = given[input.label] else { continue }
            let count = whole.values.count / ranks
            share[input.label] = ReferenceTensor(
                TensorType(whole.shape.share(among: ranks), whole.type.dtype),
                Array(whole.values[rank * count..<(rank + 1) * count]))
        }
        return share
    }

    private func compare(_ graph: Graph, ranks: Int) throws {
        let given = PresetInputs.of(graph)
        let expected = Interpreter(graph).run(given)
        let parts = try (0..<ranks).map {
            try graph.divided(rank: $0, of: ranks, batch: Self.batch)
        }
        for part in parts { try part.verify() }
        let found = Interpreter.run(
            ranks: parts, (0..<ranks).map { share(given, rank: $0, of: ranks, in: graph) })
        for rank in 0..<ranks {
            let worst = PresetInputs.worst(found[rank], expected)
            #expect(worst.error <= 1e-9, "rank \(rank): \(worst)")
            #expect(found[rank] == found[0])
        }
    }

    @Test(arguments: GoldenSystem.all, [2, 4])
    func ranksComputeTheSame(system: GoldenSystem, ranks: Int) throws {
        for graph in graphs(system) { try compare(graph, ranks: ranks) }
    }

    /// A step of every layer, with its gradient and its update.
    @Test(arguments: LayerContractTests.rows.filter { !$0.takesClasses }, [2, 4])
    func everyLayerCanBeDivided(row: LayerContractTests.Row, ranks: Int) throws {
        // Layers that are given classes are in the conditional system above.
        if "\(row.layer)".contains("Class") || "\(row.layer)".contains("Conditional") { return }
        let step = UpdateBuilder(batch: Self.batch)
        let network = Sequential("network", input: row.input, layers: [row.layer])
        let y = step.apply(network, to: step.samples(row.input))
        let loss = (y * y * 0.5 + y).mean()
        step.report("loss", loss)
        step.update(step.gradients(of: loss, by: [network]), with: Adam())
        try compare(StepGraph(step).graph, ranks: ranks)
    }

    /// Gradients of one update are one message, as are the statistics of a layer in both networks' passes.
    @Test func fewMessages() throws {
        func messages(_ name: String) throws -> Int {
            let graph = StepGraph(GoldenSystem.named(name), batch: Self.batch).graph
            let part = try graph.divided(rank: 1, of: 2, batch: Self.batch)
            return part.nodes.count { $0.operation is AllReduce }
        }
        let found = try GoldenSystem.all.map { ($0.name, try messages($0.name)) }
        let expected = [
            "mlp": 10, "dcgan": 10, "dense": 2, "conv-discriminator": 2, "all-conv": 10,
            "forger": 13, "flagship": 7, "stacked": 7, "points": 1, "toy": 10,
        ]
        #expect(Dictionary(uniqueKeysWithValues: found) == expected)
    }

    /// What needs the whole batch is refused with its place, and so is a batch that cannot be divided evenly.
    @Test func whatCannotBeDivided() throws {
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType([8, 3]))
        builder.scoped("pairs") {
            _ = builder.result("distances", x.matmul(x, transposeB: true).sum())
        }
        #expect {
            try builder.graph.divided(rank: 0, of: 2, batch: 8)
        } throws: {
            "\($0)".contains("pairs: matmul") && "\($0)".contains("needs the whole batch")
        }
        #expect(throws: GraphFault.self) { try builder.graph.divided(rank: 0, of: 3, batch: 8) }
    }
}
