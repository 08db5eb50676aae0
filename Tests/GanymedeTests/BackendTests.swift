import Foundation
import Ganymede
import TestSupport
import Testing

/// The reference backend runs the same programs on the same states as the CPU backend.
@Suite(.timeLimit(.minutes(20)))
struct BackendTests {
    /// Three steps with noise, dropout and batch normalization, on both backends.
    @Test(arguments: ["alternating", "concatenated", "simultaneous"])
    func stepsAgree(kind: String) throws {
        var gan = try GAN(
            generator: Sequential("generator", input: [3]) {
                Dense(16)
                BatchNorm()
                LeakyReLU(0.2)
                Reshape(2, 2, 4)
                ConvTranspose2D(1, kernelSize: 3, strides: 2, padding: .same)
                Tanh()
            },
            discriminator: Sequential("discriminator", input: [4, 4, 1]) {
                Conv2D(4, kernelSize: 3, padding: .same)
                ReLU()
                Dropout(0.3)
                Flatten()
                Dense(1)
            })
        gan.step =
            switch kind {
            case "alternating": AlternatingStep()
            case "concatenated": ConcatenatedStep()
            default: SimultaneousStep()
            }
        let pixels = (0..<16 * 32).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 11) }
        let data = Dataset(name: "noise", image: [4, 4, 1], pixels: pixels, labels: nil)
        let runners = try BackendKind.allCases.map { backend in
            try StepRunner(
                StepGraph(gan, batch: 8), data: data, batch: 8, seed: 3, backend: backend)
        }
        for runner in runners { try TrainingLoop(runner, steps: 3).run { _ in true } }
        for name in runners[0].store.names {
            let values = runners.map { $0.store[name]?.values ?? [] }
            for (a, b) in zip(values[0], values[1]) {
                #expect(abs(a - b) <= 2e-4 * max(1, abs(b)), "\(name)")
            }
        }
    }

    /// Results, finiteness and the first bad tensor are the same on every backend.
    @Test(arguments: BackendKind.allCases)
    func programsTellTheSame(backend: BackendKind) throws {
        try EngineThread.run {
            let builder = GraphBuilder()
            let x = builder.feed("x", TensorType([3]))
            let w = builder.state("w", TensorType([3]))
            let y = builder.result("y", (x * w).log())
            builder.update("w", to: (x * w).log())
            let store = StateStore()
            store["w"] = HostTensor([3], [1, 2, 4])
            let program = try Program(builder.graph, store: store, backend: backend)
            program.setFeed("x", [1, 1, 1])
            #expect(program.run())
            #expect(abs(program.values(of: y)[2] - 1.386_294_4) < 1e-5)
            #expect(store["w"]?.values == program.values(of: y))
            #expect(program.result("y") == program.values(of: y))
            store["w"] = HostTensor([3], [1, -2, 4])
            #expect(program.runToFirstNonFinite()?.contains("log") == true)
            store["w"] = HostTensor([3], [1, -2, 4])
            #expect(!program.run() && program.runCount == 3)
        }
    }

    /// Without a key, each run draws new random values, which are the same in every process; with one, the values of
    /// the key.
    @Test(arguments: BackendKind.allCases)
    func randomNumbersOfOnesOwnGraph(backend: BackendKind) throws {
        try EngineThread.run {
            let builder = GraphBuilder()
            let y = builder.result("y", builder.random(.uniform, [4], stream: "mine"))
            func draws(_ key: RandomKey?) throws -> [[Float]] {
                let program = try Program(
                    builder.graph, store: StateStore(), backend: backend)
                return (0..<3).map { _ in
                    if let key { program.setKey(key) }
                    program.run()
                    return program.values(of: y)
                }
            }
            let (free, again) = (try draws(nil), try draws(nil))
            #expect(Set(free).count == 3 && free == again)
            let fixed = try draws(RandomKey(seed: 7, step: 1))
            #expect(Set(fixed).count == 1 && !free.contains(fixed[0]))
        }
    }

    @Test func theReferenceKnowsNoBFloat16() throws {
        #expect(BackendKind.reference.fault(.bf16)?.contains("double precision") == true)
        #expect(BackendKind.reference.fault(.f32) == nil && BackendKind.cpu.fault(.f32) == nil)
    }

    @Test func aResultOfAnotherGraph() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            try EngineThread.run {
                let (one, other) = (GraphBuilder(), GraphBuilder())
                one.result("a", one.constant(1))
                let b = other.result("b", other.constant(2))
                _ = try Program(one.graph, store: StateStore()).values(of: b)
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("the result b is of another graph than this program"))
    }
}
