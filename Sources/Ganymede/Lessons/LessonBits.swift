/// The weights of exercises that were trained on known kinds of machines: `docs/lessons/digests.json`, which
/// `make lessons` writes.
enum LessonBits {
    /// What the bits of a run depend on besides its options.
    struct Conditions: Codable, Equatable {
        let seed, threads: Int
        let isa, onednn, ganymede: String
        let precision: StoragePrecision

        /// Those of a checkpoint; nil if they changed on the way, or if it was trained on several processes.
        init?(_ checkpoint: Checkpoint, seed: Int) {
            guard checkpoint.conditions.count == 1, let only = checkpoint.conditions.first,
                only.ranks == nil
            else { return nil }
            self.seed = seed
            (threads, isa) = (only.threads, only.isa)
            (onednn, ganymede) = (only.onednn, only.ganymede)
            precision = checkpoint.plan.precision
        }

        var text: String {
            "seed \(seed), \(precision.rawValue), \(threads) \(threads == 1 ? "thread" : "threads"), \(isa), oneDNN \(onednn) and Ganymede \(ganymede)"
        }
    }

    /// A run that was trained.
    private struct Record: Decodable {
        let exercise: String
        let conditions: Conditions
        let sha256: String
    }

    private static let records: [Record] = Lesson.embedded("digests.json")

    /// The SHA-256 of the weights that an exercise has under some conditions; nil if none was recorded.
    static func digest(of exercise: Lesson.Exercise, _ conditions: Conditions) -> String? {
        records.first { $0.exercise == exercise.name && $0.conditions == conditions }?.sha256
    }
}
