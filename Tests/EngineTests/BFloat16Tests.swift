import Engine
import TestSupport
import Testing

/// Tensors that are stored as bf16, if the processor multiplies them.
@Suite(.enabled(if: DNN.hasBFloat16, "this processor has no avx512_bf16"), .timeLimit(.minutes(20)))
struct BFloat16Tests {
    /// Products of bf16 operands equal the reference's, up to the order of additions in f32 and the rounding of the
    /// result. They do not depend on the previous content of memory.
    @Test(
        arguments: OpTable.rows.filter {
            // The gradient of a leaky ReLU is fused in float32 only.
            ($0.name.hasPrefix("matmul") || $0.name.hasPrefix("convolution"))
                && !$0.name.hasSuffix("Gated")
        },
        [DType.float32, .bfloat16])
    func productsAgreeWithReference(row: OpRow, result: DType) throws {
        let builder = GraphBuilder()
        let operands = row.symbols(builder)
        let emitted = row.build(operands)[0].builder.graph
        let operation = emitted.nodes[emitted.nodes.count - 1].operation
        let narrow: any Primitive
        var isFilter = [false, false, true]
        switch operation {
        case let matmul as MatMul:
            narrow = MatMul(
                transposeA: matmul.transposeA, transposeB: matmul.transposeB, outputType: result)
        case let convolution as Convolution:
            if convolution.direction == .filterGradient && result == .bfloat16 { return }
            isFilter[1] = convolution.direction != .filterGradient
            narrow = Convolution(convolution.direction, convolution.window, outputType: result)
        case let biased as Biased<MatMul>:
            narrow = biased.product.storing(as: result).biased(slope: biased.slope)
        case let biased as Biased<Convolution>:
            isFilter[1] = true
            narrow = biased.product.storing(as: result).biased(slope: biased.slope)
        default:
            Issue.record("\(operation.name) is not tested")
            return
        }
        func product(_ inputs: [Tensor]) -> Tensor {
            let casts = zip(inputs, isFilter).map { $1 ? $0 : $0.cast(.bfloat16) }
            return builder.emitAll(narrow, casts)[0].cast(.float32)
        }
        builder.result("product", product(operands))
        // The product of absolute values is the scale of rounding errors.
        builder.result("scale", product(operands.map { $0.absolute() }))
        let inputs = row.inputs()
        let reference = Interpreter(builder.graph).run(inputs)
        let (first, second) = try builder.graph.runCompiledTwice(inputs)
        #expect(first == second, "\(row): a second run differs")
        let expected = try #require(reference["product"]).values
        let scale = try #require(reference["scale"]).values
        let terms = Double(row.shapes[0].count * row.shapes[1].count / max(expected.count, 1))
            .squareRoot()
        let found = try #require(first["product"])
        for index in expected.indices {
            // Each addition in f32 errs by at most one unit in the last place. The result errs by half a unit of bf16,
            // or by a whole one if a tiny earlier difference changes the rounding.
            let additions = max(terms, 2) * 0x1p-23 * scale[index]
            let rounding = result == .bfloat16 ? 0x1p-7 * (abs(expected[index]) + additions) : 0
            #expect(abs(found[index] - expected[index]) <= additions + rounding + 1e-30)
        }
    }
}

/// Copies of weights in bf16 outlive a run. Nobody may see that but by the time it takes.
@Suite(.enabled(if: DNN.hasBFloat16, "this processor has no avx512_bf16"), .timeLimit(.minutes(20)))
struct RoundedStateTests {
    enum Writer: CaseIterable { case caller, snapshot, float32Program, otherProgram, nobody }

    /// Whoever writes the weights between two runs, the second run is that of a program that has never run before.
    @Test(arguments: Writer.allCases) func everyWriterIsSeen(writer: Writer) throws {
        try EngineThread.run {
            let store = filledStore()
            let program = try program(store)
            program.run()
            switch writer {
            case .caller:
                store["w"] = HostTensor([64, 48], (0..<64 * 48).map { Float($0 % 7) / 8 })
            case .snapshot: filledStore().copy(to: store)
            case .float32Program: try self.program(store, .f32).run()
            case .otherProgram: try self.program(store).run()
            case .nobody: break
            }
            let fresh = StateStore()
            store.copy(to: fresh)
            program.run()
            let first = try self.program(fresh)
            first.run()
            #expect(program.result("y") == first.result("y"))
            for name in ["w", "m", "v"] { #expect(store[name] == fresh[name]) }
        }
    }

    /// The step reads the copy, and writes it where the next run finds it. No weight is rounded apart.
    @Test func weightsAreRoundedByTheirUpdate() throws {
        let graph = try Passes.optimize(step(), .bf16)
        #expect(graph.inputs.contains { $0.input.role == .rounded && $0.input.label == "w" })
        #expect(graph.outputs.contains { $0.role == .rounded && $0.name == "w" })
        let casts = graph.nodes.filter {
            ($0.operation as? Elementwise)?.function == .cast(.bfloat16)
        }
        #expect(casts.allSatisfy { $0.types[0].shape != [64, 48] })
        let schedule = try Passes.schedule(graph)
        #expect(schedule.copied.isEmpty)
    }

    /// A state that the graph changes by other means than an update is rounded in each run.
    @Test func otherChangesAreRounded() throws {
        let builder = GraphBuilder()
        let (w, x) = (
            builder.state("w", TensorType([64, 48])), builder.feed("x", TensorType([32, 64]))
        )
        builder.result("y", x.matmul(w))
        builder.update("w", to: w * 0.5)
        let graph = try Passes.optimize(builder.graph, .bf16)
        #expect(!graph.inputs.contains { $0.input.role == .rounded })
    }

    private func program(_ store: StateStore, _ precision: StoragePrecision = .bf16) throws
        -> Program
    {
        let program = try Program(step(), store: store, precision: precision)
        program.setFeed("x", (0..<32 * 64).map { Float($0 % 13) - 6 })
        program.setFeed("size", [0.25])
        return program
    }

    /// One step of Adam.
    private func step() -> Graph {
        let builder = GraphBuilder()
        let type = TensorType([64, 48])
        let (w, m, v) = (
            builder.state("w", type), builder.state("m", type), builder.state("v", type)
        )
        let (x, size) = (
            builder.feed("x", TensorType([32, 64])), builder.feed("size", TensorType(.scalar))
        )
        let y = x.matmul(w)
        builder.result("y", y)
        let new = w.adamUpdated(
            gradient: x.matmul(y, transposeA: true), m: m, v: v, stepSize: size, beta1: 0.5,
            beta2: 0.9, epsilon: 1e-7)
        builder.update("w", to: new.weight)
        builder.update("m", to: new.m)
        builder.update("v", to: new.v)
        return builder.graph
    }

    private func filledStore() -> StateStore {
        let store = StateStore()
        for (place, name) in ["w", "m", "v"].enumerated() {
            store[name] = HostTensor([64, 48], (0..<64 * 48).map { Float(($0 + place) % 31) / 32 })
        }
        return store
    }
}

extension Graph {
    /// Results of the first and the second run of one program. The second run finds used memory.
    func runCompiledTwice(
        _ given: [String: ReferenceTensor], precision: StoragePrecision = .f32
    ) throws -> ([String: [Double]], [String: [Double]]) {
        try EngineThread.run {
            let program = try Program(self, store: StateStore(), precision: precision)
            func run() -> [String: [Double]] {
                for (_, input) in inputs where program.hasFeed(input.label) {
                    program.setFeed(input.label, (given[input.label]?.values ?? []).map(Float.init))
                }
                program.run()
                return Dictionary(
                    uniqueKeysWithValues: outputs.map {
                        ($0.name, program.result($0.name).map(Double.init))
                    })
            }
            return (run(), run())
        }
    }
}
