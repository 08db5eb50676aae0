import Foundation
import Synchronization

extension Trainer {
    /// Trains on a separate thread, and returns its events. The sequence ends with the run, or throws the error that
    /// stopped it. If the reader stops iterating or its task is cancelled, the run stops after the current step and is
    /// saved. A reader more than 4,096 events behind misses the oldest.
    /// ```swift
    /// for try await event in trainer.events(into: "runs/demo") {
    ///     if case .step(let report, _) = event { print(report.step, report.gLoss) }
    /// }
    /// ```
    public func events(into path: String? = nil) -> AsyncThrowingStream<TrainingEvent, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(4096)) { continuation in
            let isCancelled = Flag()
            continuation.onTermination = { _ in isCancelled.set() }
            var trainer = self
            trainer.onEvent = { [onEvent] event in
                onEvent(event)
                continuation.yield(event)
            }
            trainer.shouldStop = { [shouldStop] in shouldStop() || isCancelled.isSet }
            let thread = Thread { [trainer] in
                do {
                    try trainer.train(into: path)
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            // Compiling a step needs more stack than the default of threads on some systems.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}

/// A flag shared by two threads.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
