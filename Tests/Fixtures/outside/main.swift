import Ganymede

// Code at the top of a file belongs to the main actor, and so does each closure in it.
EngineThread.run { print([1, 2].map { $0 + 1 }) }

/// So does a class that says so.
@MainActor
final class Doubler {
    var factor: Float = 2

    func doubled(_ numbers: [Float]) throws -> [Float] {
        try EngineThread.run {
            let builder = GraphBuilder()
            let x = builder.feed("x", TensorType([numbers.count]))
            builder.result("y", x * Double(factor))
            let program = try Program(builder.graph, store: StateStore())
            program.setFeed("x", numbers.map { $0 })
            program.run()
            return program.result("y").map { $0 }.sorted { $0 < $1 }
        }
    }
}

let doubler = Doubler()
// A type may be named by its module.
print(Ganymede.Shape([2, 3]).count)
print(try doubler.doubled([3, 1, 2]))

// What a processor without bf16 says of a program in it.
EngineThread.run {
    let builder = GraphBuilder()
    builder.result("y", builder.feed("x", TensorType([4])) * 2)
    do {
        _ = try Program(builder.graph, store: StateStore(), precision: .bf16)
        print("compiled")
    } catch {
        print(error)
    }
}

// An actor of its own, and a task that belongs to nobody.
actor Counter {
    var count = 0

    func add() -> Int {
        EngineThread.run { [1, 2, 3].forEach { count += $0 } }
        return count
    }
}

let counter = Counter()
print(await counter.add())
print(await Task.detached { EngineThread.run { (1...4).map { $0 * $0 } } }.value)
