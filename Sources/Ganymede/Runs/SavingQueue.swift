import Glibc

/// Writes the files of a run in their order. While the disk is full, read-only or gone, training goes on: what is to be
/// written waits in memory and is tried again every second, so that nothing is missing once there is space.
final class SavingQueue {
    /// One change of the run's folder. If it fails, it can be repeated.
    private struct Change {
        let bytes: Int
        let save: () throws -> Void
    }

    /// The most bytes that wait. Then the run ends with the reason.
    static let capacity = 512 << 20
    /// Seconds between tries.
    private static let interval = 1.0
    /// For how many seconds the end of a run waits for the disk; `GANYMEDE_DISK_PATIENCE` sets another number.
    private static var patience: Double {
        getenv("GANYMEDE_DISK_PATIENCE").flatMap { Double(String(cString: $0)) } ?? 60
    }

    private var changes: [Change] = []
    private var bytes = 0
    private var nextTry = 0.0
    /// Why nothing can be saved at present.
    private var fault: GanymedeError?
    /// Bytes that wait elsewhere, such as lines of the journal.
    var buffered: () -> Int = { 0 }
    /// Bytes that a run saves in a second, for the estimate of how long it can hold out.
    var bytesPerSecond: () -> Double = { 0 }
    /// Called when the disk can be written again.
    var recovered: () throws -> Void = {}
    /// Called with what a person should know.
    var note: (String) -> Void = { _ in }

    /// Whether the disk is at fault.
    var isPaused: Bool { fault != nil }

    /// Makes a change, after all that wait. Errors of the disk do not end the run before ``capacity`` is reached.
    func add(bytes count: Int = 0, _ save: @escaping () throws -> Void) throws {
        changes.append(Change(bytes: count, save: save))
        bytes += count
        try saveDue()
    }

    /// Tries again what failed before, if a second has passed.
    func retry() throws {
        if isPaused { try saveDue() }
    }

    /// Waits until everything is saved; if the disk is not mended within a minute, throws the reason.
    func finish() throws {
        let end = Machine.seconds() + SavingQueue.patience
        try save()
        while let fault {
            if Machine.seconds() > end { throw lost(fault) }
            usleep(useconds_t(SavingQueue.interval / 4 * 1e6))
            try save()
        }
    }

    private func saveDue() throws {
        if !isPaused || Machine.seconds() >= nextTry { try save() }
        if let fault, bytes + buffered() > SavingQueue.capacity { throw lost(fault) }
    }

    private func save() throws {
        do {
            while let change = changes.first {
                try change.save()
                changes.removeFirst()
                bytes -= change.bytes
            }
            if isPaused {
                try recovered()
                note("the disk can be written again: everything is saved")
            }
            fault = nil
        } catch let error as GanymedeError where error.isWriteError {
            nextTry = Machine.seconds() + SavingQueue.interval
            if fault == nil {
                note(
                    "\(error.description). Training goes on, and what cannot be saved waits in memory, for up to \(holdsOut)"
                )
            }
            fault = error
        }
    }

    /// For how long memory lasts.
    private var holdsOut: String {
        let rate = bytesPerSecond()
        let limit = "\(SavingQueue.capacity >> 20) MiB"
        guard rate > 0 else { return limit }
        let seconds = Double(SavingQueue.capacity) / rate
        if seconds > 48 * 3600 { return "some days (\(limit))" }
        return "about \(duration(seconds)) (\(limit))"
    }

    /// Whether the run ended because the disk was not mended.
    private(set) var hasGivenUp = false

    private func lost(_ fault: GanymedeError) -> GanymedeError {
        hasGivenUp = true
        return .fileUnwritable(
            fault.message
                + ". What came after the last checkpoint is not saved\(advice: "; make space, and go on from it with ganymede resume")"
        )
    }
}
