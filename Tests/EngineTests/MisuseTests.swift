import Engine
import Testing

/// Errors of the calling program stop it with a message that has both shapes, in release builds too.
@Suite(.timeLimit(.minutes(20)))
struct MisuseTests {
    private func expectMessage(_ parts: [String], _ result: ExitTest.Result?) {
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        for part in parts { #expect(text.contains(part), "\(text)") }
    }

    @Test func shapesThatDoNotBroadcast() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let builder = GraphBuilder()
            builder.scoped("net") {
                _ = builder.feed("a", TensorType([3, 4])) + builder.feed("b", TensorType([5]))
            }
        }
        expectMessage(["net: add of f32[3,4] and f32[5]"], result)
    }

    @Test func matricesThatDoNotFit() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let builder = GraphBuilder()
            _ = builder.feed("a", TensorType([3, 4])).matmul(builder.feed("b", TensorType([5, 6])))
        }
        expectMessage(["matmul of f32[3,4] and f32[5,6]"], result)
    }

    @Test func aFeedOfTheWrongLength() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            try EngineThread.run {
                let builder = GraphBuilder()
                builder.result("y", builder.feed("x", TensorType([4])) * 2)
                try Program(builder.graph, store: StateStore()).setFeed("x", [1, 2, 3])
            }
        }
        expectMessage(["the feed x holds 4 numbers, not 3"], result)
    }

    @Test func kernelsOnAnotherThread() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let builder = GraphBuilder()
            builder.result("y", builder.feed("x", TensorType([4])) * 2)
            _ = try Program(builder.graph, store: StateStore())
        }
        expectMessage(["EngineThread.run"], result)
    }
}
