import Engine
import Foundation
import Synchronization
import TestSupport
import Testing

private let signalCount = Atomic<Int>(0)
private let isDone = Atomic<Bool>(false)

/// Signal handlers run on the stack of the thread that they interrupt.
@Suite(.timeLimit(.minutes(20)))
struct SignalTests {
    /// oneDNN's matrix products point the stack pointer into the heap: a handler must not run there.
    @Test func productsAreNotInterrupted() throws {
        // k is large enough for oneDNN to use the heap. The product is split, which selects the routine that does.
        let (m, k, n) = (48, 2600, 256)
        let builder = GraphBuilder()
        let (a, b) = (
            builder.feed("a", TensorType([m, k])), builder.feed("b", TensorType([k, n]))
        )
        builder.result("y", a.matmul(b))
        let graph = builder.graph
        var numbers = TestNumbers(seed: 5)
        let (x, y) = (numbers.tensor([m, k], in: -1...1), numbers.tensor([k, n], in: -1...1))
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            signalCount.add(1, ordering: .relaxed)
        }
        sigaction(SIGUSR1, &action, nil)
        // The threads that run tests block signals.
        var one = sigset_t()
        var before = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &one, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try EngineThread.run {
            let program = try Program(graph, store: StateStore())
            program.setFeed("a", x.map(Float.init))
            program.setFeed("b", y.map(Float.init))
            program.run()
            let expected = program.result("y")
            let target = UInt(pthread_self())
            let sender = Thread {
                while !isDone.load(ordering: .relaxed) {
                    pthread_kill(pthread_t(target), SIGUSR1)
                    usleep(20)
                }
            }
            sender.start()
            for _ in 0..<400 {
                program.run()
                #expect(program.result("y") == expected)
            }
            isDone.store(true, ordering: .relaxed)
            while !sender.isFinished { usleep(100) }
            #expect(signalCount.load(ordering: .relaxed) > 0, "they come between the runs")
        }
    }
}
