import Ganymede
import Testing

/// Building a network whose layers do not fit stops with the layer's path and the shapes.
@Suite(.timeLimit(.minutes(20)))
struct NetworkMisuseTests {
    private func expectMessage(_ text: String, _ result: ExitTest.Result?) {
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(errors.contains(text), "\(errors)")
    }

    @Test func denseOnAnImage() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            _ = Sequential("net", input: [4, 4, 1]) { Dense(3) }
        }
        expectMessage(
            "net.dense1 (Dense): samples of the shape [4,4,1] come in, and it takes a list", result)
    }

    @Test func reshapeOfAnotherSize() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            _ = Sequential("net", input: [10]) {
                Dense(12)
                Reshape(3, 5)
            }
        }
        expectMessage(
            "net.reshape1 (Reshape): samples of the shape [12] come in, and it cannot make [3, 5]",
            result)
    }

    @Test func networksThatDoNotMeet() {
        let error = #expect(throws: GanymedeError.self) {
            try GAN(
                generator: Sequential("g", input: [2]) { Dense(9) },
                discriminator: Sequential("d", input: [8]) { Dense(1) })
        }
        #expect(error == .invalidOption("g makes [9] and d takes [8]"))
    }
}
