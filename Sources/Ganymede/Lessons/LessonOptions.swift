/// The options of a run beside those that a lesson asks for.
struct LessonOptions {
    /// Options that each student may choose, with the reason. The others are compared, except those that only say what is
    /// written and when.
    private static let free = [
        "seed": "every student can have another",
        "threads": "it changes the last bits",
        "precision": "it changes time and rounding",
        "backend": "it changes time and rounding",
    ]
    /// Options that do not change steps, and are part of the task all the same: how long the run is, and what its figures
    /// are computed from.
    private static let compared = ["steps", "data", "metrics_samples", "evaluator"]
    /// Differences that are listed.
    private static let most = 8

    /// A line for each option that is not as asked for.
    let wrong: [String]
    private let ignored: [String]

    /// Compares the options of a run with those asked for.
    init(_ found: RunOptions, asked: RunOptions) throws {
        let (run, lesson) = (try Self.fields(found), try Self.fields(asked))
        let all = differences(.object(run), .object(lesson))
        func isFree(_ line: String) -> Bool {
            Self.free[String(line.prefix { $0 != ":" && $0 != "." })] != nil
        }
        wrong = all.filter { !isFree($0) }
        ignored = all.filter(isFree).map { line in
            "\(line) (\(Self.free[String(line.prefix { $0 != ":" })] ?? ""))"
        }
    }

    /// The options that are compared, and those that may be chosen.
    private static func fields(_ options: RunOptions) throws -> [String: JSONValue] {
        guard case .object(var fields) = try options.identity(),
            case .object(let all) = try JSONValue(encoding: options)
        else { return [:] }
        for key in compared { fields[key] = all[key] ?? .null }
        return fields
    }

    /// What the check says of them.
    var lines: [LessonCheck.Line] {
        let shown = wrong.prefix(Self.most).joined(separator: "; ")
        let more = wrong.count > Self.most ? "; and \(wrong.count - Self.most) more" : ""
        let options = LessonCheck.Line(
            name: "options", outcome: wrong.isEmpty ? .right : .wrong,
            text: wrong.isEmpty ? "as in the lesson's file" : shown + more)
        let free = ignored.map {
            LessonCheck.Line(name: "options", outcome: .notCompared, text: $0)
        }
        return [options] + free
    }
}
