import Engine
import TestSupport
import Testing

/// Properties of the compiler that hold for every graph.
@Suite(.timeLimit(.minutes(20)))
struct PassTests {
    static let seeds = Array(UInt64(1)...60)

    /// Each pass in turn preserves the reference's results.
    @Test(arguments: seeds)
    func passesKeepTheMeaning(seed: UInt64) throws {
        let random = RandomGraph(seed: seed)
        var graph = random.graph
        let expected = Interpreter(graph).run(random.inputs)
        for pass in Passes.all {
            graph = try pass.run(graph)
            try graph.verify()
            let found = Interpreter(graph).run(random.inputs)
            #expect(Set(found.keys) == Set(expected.keys))
            for (name, value) in expected {
                let pairs = zip(found[name]?.values ?? [], value.values)
                #expect(
                    pairs.allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }, "\(pass.name)")
            }
        }
    }

    /// The compiled program, with states updated in place and memory shared, gives the reference's results.
    @Test(arguments: seeds)
    func compiledGraphsAgree(seed: UInt64) throws {
        let random = RandomGraph(seed: seed)
        let shared = try random.graph.worstDifference(random.inputs)
        #expect(shared.difference < 2e-5, "\(shared)\n\(random.graph)")
    }

    /// No two values that are needed at the same time share a byte.
    @Test(arguments: seeds)
    func liveValuesDoNotOverlap(seed: UInt64) throws {
        let graph = try Passes.optimize(RandomGraph(seed: seed).graph)
        let schedule = try Passes.schedule(graph)
        let kept = Set(graph.outputs.map { graph.storage(of: $0.value) })
        let plan = Passes.layOutMemory(
            graph, schedule, placed: Set(schedule.placedInState.keys), kept: kept,
            scratchBytes: { $0 % 3 == 0 ? 100 : 0 })
        var owner = [Value?](repeating: nil, count: plan.byteCount)
        var lastRead: [Value: Int] = [:]
        for (time, node) in schedule.order.enumerated() {
            for input in graph.nodes[node].inputs { lastRead[graph.storage(of: input)] = time }
        }
        for (time, node) in schedule.order.enumerated() {
            for input in graph.nodes[node].inputs.map(graph.storage(of:)) {
                guard let offset = plan.offsets[input] else { continue }
                #expect(
                    owner[offset..<offset + graph.type(of: input).byteCount].allSatisfy {
                        $0 == input
                    })
            }
            for index in graph.nodes[node].types.indices {
                let value = Value(node: node, index: index)
                guard let offset = plan.offsets[value] else { continue }
                for byte in offset..<offset + graph.type(of: value).byteCount {
                    if let old = owner[byte] {
                        #expect(!kept.contains(old) && (lastRead[old] ?? -1) < time)
                    }
                    owner[byte] = value
                }
            }
        }
    }

    /// States are updated in place, twice in a step.
    /// A state is updated with a value that had another shape until its last reshape.
    @Test func updatesThroughAReshape() throws {
        let builder = GraphBuilder()
        let state = builder.state("u", TensorType([4]))
        let column = state.reshape([4, 1]) * 2 + builder.constant([1, 1], [0.5])
        builder.update("u", to: column.reshape([4]))
        try EngineThread.run {
            let store = StateStore()
            store["u"] = HostTensor([4], [1, 2, 3, 4])
            try Program(builder.graph, store: store).run()
            #expect(store["u"] == HostTensor([4], [2.5, 4.5, 6.5, 8.5]))
        }
    }

    @Test func updatesHappenInPlace() throws {
        let builder = GraphBuilder()
        let type = TensorType([40])
        var (w, m, v) = (
            builder.state("w", type), builder.state("m", type), builder.state("v", type)
        )
        let first = w
        for turn in 0..<2 {
            let step = builder.feed("step\(turn)", TensorType(.scalar))
            (w, m, v) = w.adamUpdated(
                gradient: w * 2, m: m, v: v, stepSize: step, beta1: 0.5, beta2: 0.9, epsilon: 1e-7)
        }
        for (name, value) in [("w", w), ("m", m), ("v", v)] { builder.update(name, to: value) }
        builder.result("old", (first * first).sum())
        let graph = try Passes.optimize(builder.graph)
        let schedule = try Passes.schedule(graph)
        #expect(schedule.copied.isEmpty)
        let places = schedule.placedInState.values.map(\.name).sorted()
        #expect(places == ["m", "m", "v", "v", "w", "w"])
        // The reader of the old value is scheduled first, although it was added last.
        #expect(throws: GraphFault.self) {
            var late = schedule
            let reader = try #require(late.order.firstIndex { graph.nodes[$0].operation is Reduce })
            // Its square is computed just before it; move both behind the updates.
            let square =
                late.order.firstIndex { graph.readers()[$0].contains(late.order[reader]) } ?? reader
            let moved = [late.order[square], late.order[reader]]
            late.order.removeAll(where: moved.contains)
            late.order += moved
            try graph.verify(late)
        }
        // A node left out, whether somebody reads it or only an output does; and one that runs twice.
        for place in schedule.order.indices {
            var short = schedule
            short.order.remove(at: place)
            #expect(throws: GraphFault.self) { try graph.verify(short) }
            var long = schedule
            long.order.append(schedule.order[place])
            #expect(throws: GraphFault.self) { try graph.verify(long) }
        }
        try graph.verify(schedule)
    }

    @Test func brokenGraphsAreRefused() throws {
        let builder = GraphBuilder()
        let x = builder.state("x", TensorType([3]))
        builder.update("x", to: x + 1)
        builder.result("y", x * 2)
        let good = builder.graph
        func expectFault(_ text: String, _ change: (inout Graph) -> Void) {
            var graph = good
            change(&graph)
            do {
                try graph.verify()
                Issue.record("accepted: \(graph)")
            } catch {
                #expect(error.description.contains(text), "\(error)")
            }
        }
        expectFault("reads a value that does not come before it") {
            $0.nodes.swapAt(0, $0.nodes.count - 1)
        }
        expectFault("two outputs are called y") { $0.outputs.append($0.outputs[1]) }
        expectFault("the output z does not exist") {
            $0.outputs.append(Output(name: "z", role: .result, value: Value(node: 99)))
        }
        expectFault("the random streams a and a would repeat each other") { graph in
            let key = try? graph.append(
                Input(label: "key", role: .feed, type: TensorType([4], .int32)), [])
            for _ in 0..<2 {
                _ = try? graph.append(Random(.normal, [2], stream: "a"), [Value(node: key ?? 0)])
            }
        }
    }

    /// The text of a graph in errors and tests.
    @Test func graphsPrint() throws {
        let builder = GraphBuilder()
        let (x, w) = (
            builder.feed("x", TensorType([2, 3])), builder.state("w", TensorType([3, 4]))
        )
        builder.scoped("net") { builder.result("y", x.matmul(w).sum(axes: [1])) }
        #expect(
            builder.graph.description == """
                %0 = feed x : f32[2,3]
                %1 = state w : f32[3,4]
                %2 = matmul(%0, %1) : f32[2,4]  // net
                %3 = sum(%2) axes=1 : f32[2]  // net
                result y = %3

                """)
    }
}
