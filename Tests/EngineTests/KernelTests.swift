import CKernels
import Engine
import TestSupport
import Testing

/// Kernels beyond the op table: fused operations, instruction sets, special values, random numbers.
@Suite(.timeLimit(.minutes(20)))
struct KernelTests {
    /// Each fused operation equals its composition, both compiled.
    @Test(arguments: OpTable.fused.filter { $0.operation != nil })
    func fusedIsItsTwin(row: OpRow) throws {
        let operation = try #require(row.operation)
        let builder = GraphBuilder()
        let inputs = row.symbols(builder)
        let fused = builder.emitAll(operation, inputs)
        for (index, (one, twin)) in zip(fused, operation.expand(inputs)).enumerated() {
            builder.result("fused \(index)", one)
            builder.result("twin \(index)", twin)
        }
        let found = try builder.graph.runCompiled(row.inputs())
        for index in fused.indices {
            let (one, twin) = (found["fused \(index)"] ?? [], found["twin \(index)"] ?? [0])
            let scale = max(twin.map(abs).max() ?? 1, 1)
            #expect(
                one.count == twin.count
                    && zip(one, twin).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
        }
    }

    @Test func crossEntropyIsItsTwin() throws {
        let builder = GraphBuilder()
        let (x, t) = (builder.feed("x", TensorType([400])), builder.feed("t", TensorType([400])))
        builder.result(
            "difference",
            x.sigmoidCrossEntropy(targets: t) - Elementwise.sigmoidCrossEntropyTwin(x, t))
        var numbers = TestNumbers(seed: 4)
        let found = try builder.graph.runCompiled([
            "x": ReferenceTensor([400], numbers.tensor([400], in: -200...200)),
            "t": ReferenceTensor([400], numbers.tensor([400], in: 0...1)),
        ])
        #expect(found["difference"]?.allSatisfy { abs($0) <= 3e-5 } == true)
    }

    /// Every instruction set up to the one in use agrees on the op table.
    @Test(arguments: OpTable.rows)
    func everyInstructionSetAgrees(row: OpRow) throws {
        let builder = GraphBuilder()
        for (index, output) in row.build(row.symbols(builder)).enumerated() {
            builder.result("out\(index)", output)
        }
        let graph = builder.graph
        try EngineThread.run {
            let usual = gk_selected_isa()
            defer { gk_select_isa(usual) }
            for level in 0...usual {
                gk_select_isa(level)
                let worst = try graph.worstDifference(row.inputs())
                #expect(worst.difference <= row.tolerance, "level \(level): \(worst)")
            }
        }
    }

    /// bf16 is fast with matrix registers, and where the vendor's dot product of pairs is; never where there is none.
    @Test func bfloat16IsFastWhereItsProductsAre() throws {
        let processors = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        EngineThread.run {
            let usual = gk_selected_isa()
            defer { gk_select_isa(usual) }
            for level in 0...usual {
                gk_select_isa(level)
                let hasPairs = level >= 2 && gk_own_products() == 2
                let isSlow = level == 2 && processors.contains("GenuineIntel")
                #expect(gk_bfloat16_is_fast() == (hasPairs && !isSlow), "level \(level)")
            }
        }
    }

    /// Batch normalization, its gradient and sums of a column have the same bits in a tile of any width. Tiles of 64, 32 and 16
    /// columns are compiled on their own.
    @Test(arguments: [64, 32, 16, 7])
    func columnsDoNotDependOnTheTile(width: Int) {
        let (rows, columns) = (300, 64)
        var numbers = TestNumbers(seed: 9)
        func draw(_ count: Int) -> [Float] {
            numbers.tensor([count], in: -1...1).map { Float($0) }
        }
        let (x, dy) = (draw(rows * columns), draw(rows * columns))
        let (gamma, beta) = (draw(columns), draw(columns))
        func first(_ matrix: [Float]) -> [Float] {
            (0..<rows).flatMap { matrix[$0 * columns..<$0 * columns + width] }
        }
        withTeam(of: 1) { usual in
            for level in 0...usual {
                gk_select_isa(level)
                let whole = Normalized(x, dy, gamma, beta, columns: columns)
                let part = Normalized(first(x), first(dy), gamma, beta, columns: width)
                #expect(first(whole.y) == part.y && first(whole.dx) == part.dx)
                for (all, some) in zip(whole.ofColumns, part.ofColumns) {
                    #expect(Array(all[..<width]) == some)
                }
            }
        }
    }

    /// What the kernels make of a matrix of some columns.
    private struct Normalized {
        var y, dx: [Float]
        /// Means, variances, gradients of gamma and beta, sums.
        var ofColumns: [[Float]]

        init(_ x: [Float], _ dy: [Float], _ gamma: [Float], _ beta: [Float], columns: Int) {
            let rows = x.count / columns
            let zeros = [Float](repeating: 0, count: columns)
            var (mean, variance, dgamma, dbeta, sums) = (zeros, zeros, zeros, zeros, zeros)
            (y, dx) = (x, x)
            gk_batch_norm(
                GK_FLOAT, x, gamma, beta, &y, &mean, &variance, rows, columns, 1e-3, 0.2)
            gk_batch_norm_gradient(
                GK_FLOAT, dy, x, gamma, beta, mean, variance, &dx, &dgamma, &dbeta, rows, columns,
                1e-3, 0.2)
            gk_reduce(GK_SUM, GK_FLOAT, x, &sums, 1, rows, columns)
            ofColumns = [mean, variance, dgamma, dbeta, sums]
        }
    }

    /// Infinities, NaN and the edges of the range give the result of double precision, rounded.
    @Test func specialNumbers() throws {
        let numbers: [Double] = [
            0, -0.0, 1, -1, 1e-30, -1e-30, 1e30, -1e30, 88, 89.5, -87, -110, 0.6249, 0.6251, 20,
            -20,
            .infinity, -.infinity, .nan,
        ]
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType([numbers.count]))
        let functions: [(String, Tensor)] = [
            ("exp", x.exp()), ("log", x.log()), ("log1p", x.log1p()), ("sqrt", x.sqrt()),
            ("tanh", x.tanh()),
            ("sigmoid", x.sigmoid()), ("maximum", x.maximum(0.5)), ("minimum", x.minimum(0.5)),
            ("absolute", x.absolute()), ("leaky", x.leakyRelu(0.2)), ("sign", x.sign()),
            ("crossEntropy", x.sigmoidCrossEntropy(target: 1)),
        ]
        for (name, value) in functions { builder.result(name, value) }
        let inputs = ["x": ReferenceTensor([numbers.count], numbers)]
        let expected = Interpreter(builder.graph).run(inputs)
        let found = try builder.graph.runCompiled(inputs)
        for (name, _) in functions {
            for (index, reference) in (expected[name]?.values ?? []).enumerated() {
                let value = found[name]?[index] ?? 0
                let rounded = Double(Float(reference))
                let same =
                    value.isNaN && rounded.isNaN || value == rounded
                    || abs(value - rounded) <= 4e-7 * max(abs(rounded), 1e-30)
                    // Subnormal results are flushed to zero.
                    || abs(rounded) < 1.2e-38 && value == 0
                #expect(same, "\(name)(\(numbers[index])) is \(value), not \(rounded)")
            }
        }
    }

    /// Known answers of Random123 (Salmon et al., 2011).
    @Test func philoxKnowsItsAnswers() {
        let all: UInt32 = 0xffff_ffff
        let rows: [(counter: [UInt32], key: [UInt32], words: [UInt32])] = [
            ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (
                [all, all, all, all], [all, all],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
            ),
        ]
        for row in rows {
            var words = [UInt32](repeating: 0, count: 4)
            let key = row.key + row.counter[2...]
            gk_philox(key, row.counter[1], row.counter[0], &words)
            #expect(words == row.words)
        }
    }

    @Test(arguments: [Distribution.normal, .uniform, .bernoulli(probability: 0.25)])
    func randomNumbersHaveTheSameBitsEverywhere(distribution: Distribution) {
        EngineThread.run {
            let usual = gk_selected_isa()
            defer { gk_select_isa(usual) }
            let draws = (0...usual).map { level in
                gk_select_isa(level)
                let key = RandomKey(seed: 7, step: 3)
                return Random.draw(distribution, count: 10_007, stream: "bits", key: key).map(
                    \.bitPattern)
            }
            #expect(draws.allSatisfy { $0 == draws[0] })
        }
    }

    @Test func randomNumbersAreSpreadAsTheySay() {
        let count = 1_000_000
        let key = RandomKey(seed: 1, step: 1)
        func moments(_ distribution: Distribution) -> (
            mean: Double, variance: Double, fourth: Double
        ) {
            let draws = Random.draw(distribution, count: count, stream: "spread", key: key).map(
                Double.init)
            let mean = draws.reduce(0, +) / Double(count)
            let centered = draws.map { $0 - mean }
            let variance = centered.map { $0 * $0 }.reduce(0, +) / Double(count)
            let fourth = centered.map { $0 * $0 * $0 * $0 }.reduce(0, +) / Double(count)
            return (mean, variance, fourth)
        }
        // The tolerances are five standard errors of each moment.
        let normal = moments(.normal)
        #expect(
            abs(normal.mean) < 0.005 && abs(normal.variance - 1) < 0.0071
                && abs(normal.fourth - 3) < 0.05)
        let uniform = moments(.uniform)
        #expect(abs(uniform.mean - 0.5) < 0.0015 && abs(uniform.variance - 1 / 12) < 0.0004)
        let bernoulli = moments(.bernoulli(probability: 0.25))
        #expect(abs(bernoulli.mean - 0.25) < 0.0022)
    }

    /// NaN or infinity in a weight is detected in the run that writes it, whatever the optimizer.
    @Test(arguments: [true, false])
    func nonFiniteUpdatesAreSeen(adam: Bool) throws {
        let builder = GraphBuilder()
        let w = builder.state("w", TensorType([500]))
        let g = builder.feed("g", TensorType([500]))
        if adam {
            let zeros = (builder.state("m", w.type), builder.state("v", w.type))
            let step = builder.feed("step", TensorType(.scalar))
            let new = w.adamUpdated(
                gradient: g, m: zeros.0, v: zeros.1, stepSize: step, beta1: 0.5, beta2: 0.9,
                epsilon: 1e-7)
            for (name, value) in [("w", new.weight), ("m", new.m), ("v", new.v)] {
                builder.update(name, to: value)
            }
        } else {
            builder.update("w", to: w - g * 0.1)
        }
        try EngineThread.run {
            let program = try Program(builder.graph, store: StateStore())
            if adam { program.setFeed("step", [0.1]) }
            #expect(program.run())
            program.feed("g")[333] = .nan
            #expect(!program.run())
        }
    }

    /// The first tensor with NaN or infinity is named, not one that was computed from it.
    @Test func theFirstBadTensorIsNamed() throws {
        let builder = GraphBuilder()
        let w = builder.state("w", TensorType([4]))
        let x = builder.feed("x", TensorType([4]))
        let sum = builder.scoped("sums") { x.sum() }
        let root = builder.scoped("roots") { (sum - 3).sqrt().sum(axes: []) }
        builder.update("w", to: w + root)
        try EngineThread.run {
            let store = StateStore()
            let program = try Program(builder.graph, store: store)
            program.setFeed("x", [1, 1, 1, 1])
            #expect(program.runToFirstNonFinite() == nil)
            #expect(store["w"]?.values == [1, 1, 1, 1])
            program.setFeed("x", [1, 1, 0, 0])
            #expect(program.runToFirstNonFinite()?.contains("sqrt") == true)
            program.setFeed("x", [1, .infinity, 0, 0])
            #expect(program.runToFirstNonFinite()?.hasSuffix("= feed x : f32[4]") == true)
            #expect(store["w"]?.values == [1, 1, 1, 1], "the run stops where the number was made")
        }
    }
}
