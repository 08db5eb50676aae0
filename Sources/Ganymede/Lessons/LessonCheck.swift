import FoundationEssentials

/// Whether a run is one that a lesson asks for: its options, its steps, changes while it trained, its figures, and its
/// bits where they are known for the kind of machine.
public struct LessonCheck: Sendable {
    /// One part of the check.
    public struct Line: Equatable, Sendable {
        /// What a part found.
        public enum Outcome: Sendable {
            case right, wrong
            /// The part says nothing about this run.
            case notCompared
        }

        /// What was checked, such as `options`.
        public let name: String
        /// What was found.
        public let outcome: Outcome
        /// The finding in words.
        public let text: String
    }

    /// The exercise that the run is, or that it is closest to.
    public let exercise: Lesson.Exercise
    /// Each part of the check.
    public private(set) var lines: [Line] = []
    private let lesson: Lesson
    private let path: String

    /// Whether no part is wrong.
    public var isRight: Bool { !lines.contains { $0.outcome == .wrong } }

    /// The whole check, for a person.
    public var text: String {
        let width = lines.map(\.name.count).max() ?? 0
        let marks: [Line.Outcome: String] = [
            .right: "ok   ", .wrong: "WRONG", .notCompared: "-    ",
        ]
        let rows = lines.map { line in
            "\(marks[line.outcome] ?? "")  \(line.name)"
                + String(repeating: " ", count: width - line.name.count) + "  \(line.text)"
        }
        let wrong = lines.filter { $0.outcome == .wrong }.map(\.name)
        return
            (["\(quoted(path)), lesson \(lesson.number), \(exercise.file)"] + rows + [
                wrong.isEmpty
                    ? "This is the run that the lesson asks for."
                    : "This is not the run that the lesson asks for: \(wrong.joined(separator: ", "))."
            ]).joined(separator: "\n")
    }

    /// Checks the run in `path`. Throws if there is no run.
    ///
    /// - Parameters:
    ///   - lesson: the lesson.
    ///   - path: the run's folder.
    ///   - options: the options of an exercise's configuration file.
    public init(
        _ lesson: Lesson, _ path: String, options: (Lesson.Exercise) throws -> RunOptions
    ) throws {
        self.lesson = lesson
        self.path = path
        let directory = try RunDirectory.open(path)
        let found = try directory.options()
        let candidates = try lesson.exercises.map {
            ($0, try LessonOptions(found, asked: options($0)))
        }
        guard let closest = candidates.min(by: { $0.1.wrong.count < $1.1.wrong.count }) else {
            misuse("lesson \(lesson.number) has no exercise")
        }
        exercise = closest.0
        lines = closest.1.lines
        let journal =
            try Files.exists(directory.journalPath) ? Files.read(directory.journalPath) : .init()
        let (reports, fault) = Journal.reports(in: journal, upTo: found.training.steps)
        checkSteps(reports, fault, found)
        checkEvents(reports, directory, found)
        try checkFigures(.init(reports: reports, doctor: Doctor(path)))
        checkBits(directory, found)
    }

    private mutating func add(_ name: String, _ outcome: Line.Outcome, _ text: String) {
        lines.append(Line(name: name, outcome: outcome, text: text))
    }

    private mutating func checkSteps(
        _ reports: [StepReport], _ fault: String?, _ options: RunOptions
    ) {
        let (done, all) = (reports.last?.step ?? 0, options.training.steps)
        if done < all {
            add(
                "steps", .wrong,
                "\(grouped(done)) of \(grouped(all)): the run is in progress, or was stopped: ganymede resume \(quoted(path))"
            )
        } else if done > all {
            add(
                "steps", .wrong,
                "the journal goes to step \(grouped(done)), and the run to \(grouped(all))")
        } else if let fault {
            add("steps", .wrong, "the journal is damaged: \(fault)")
        } else {
            add("steps", .right, "all \(grouped(all))")
        }
    }

    private mutating func checkEvents(
        _ reports: [StepReport], _ directory: RunDirectory, _ options: RunOptions
    ) {
        // A checkpoint holds them all, whatever the journal says.
        let saved = (try? Checkpoint(directory.path))?.events ?? []
        let told = reports.flatMap { $0.events ?? [] }
        let events = saved.count > told.count ? saved : told
        if let count = options.training.rollbacks, count > 0 {
            add(
                "events", .wrong,
                "it went back \(grouped(count)) \(count == 1 ? "time" : "times") after NaN or infinity"
            )
        } else if let fork = options.fork {
            add(
                "events", .wrong,
                "it was forked from \(quoted(fork.run)) at step \(grouped(fork.step))")
        } else if let first = events.first?.step {
            let count = events.count
            add(
                "events", .wrong,
                "\(grouped(count)) \(count == 1 ? "change" : "changes") by hand while it trained, the first at step \(grouped(first)): the lesson asks for an untouched run"
            )
        } else {
            add("events", .right, "none: nothing was changed while it trained")
        }
    }

    private mutating func checkFigures(_ evidence: Expectation.Evidence) {
        for expectation in exercise.expectations {
            let (range, name) = (expectation.range, expectation.name)
            guard let figure = expectation.figure(evidence) else {
                add(name, .wrong, "the run does not hold it (\(expectation.about))")
                continue
            }
            let isRight = range.contains(figure)
            if case .verdict = expectation.kind {
                let isThere = figure > 0
                add(
                    name, isRight ? .right : .wrong,
                    "ganymede doctor \(isThere ? "gives" : "does not give") this verdict at the end, \(isRight ? "as it should" : isThere ? "and should not" : "and should")"
                )
            } else {
                let limits = "\(short(range.lowerBound)) to \(short(range.upperBound))"
                add(
                    name, isRight ? .right : .wrong,
                    "\(short(figure)), \(expectation.about) (\(isRight ? "" : "not in ")\(limits))")
            }
        }
    }

    /// Compares the weights of the last checkpoint with those recorded for this kind of machine.
    private mutating func checkBits(_ directory: RunDirectory, _ options: RunOptions) {
        do {
            let checkpoint = try Checkpoint(directory.path)
            try checkpoint.checkIdentity(options, directory, .standard)
            guard checkpoint.step == options.training.steps else {
                return add(
                    "bits", .wrong,
                    "the last checkpoint is of step \(grouped(checkpoint.step)), not \(grouped(options.training.steps))"
                )
            }
            let digest = try checkpoint.tensorDigest()
            let conditions = LessonBits.Conditions(checkpoint, seed: options.training.seed)
            guard let conditions else {
                return add(
                    "bits", .notCompared,
                    "the run was resumed under other conditions, or trained on several processes; weights \(digest.prefix(16))"
                )
            }
            switch LessonBits.digest(of: exercise, conditions) {
            case digest?:
                add("bits", .right, "the weights are those recorded for \(conditions.text)")
            case nil:
                add(
                    "bits", .notCompared,
                    "none are recorded for \(conditions.text); weights \(digest.prefix(16))")
            case let recorded?:
                add(
                    "bits", .wrong,
                    "the weights \(digest.prefix(16)) are not those recorded for \(conditions.text), \(recorded.prefix(16)); ganymede verify \(quoted(path)) trains the run again"
                )
            }
        } catch let error as GanymedeError {
            add("bits", .wrong, error.message.description)
        } catch {
            add("bits", .wrong, "\(error)")
        }
    }
}
