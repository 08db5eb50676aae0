import Foundation
import Ganymede
import TestSupport
import Testing

/// `ganymede lesson`, and the pages in docs/lessons.
@Suite(.timeLimit(.minutes(20)))
struct LessonCommandTests {
    private let folder: TemporaryFolder
    private static let docs = Golden.folder.deletingLastPathComponent()
        .deletingLastPathComponent()

    init() throws { folder = try TemporaryFolder() }

    private func ganymede(_ arguments: String...) throws -> Command.Result {
        try Command.run(arguments, in: folder.path)
    }

    private func page(_ name: String) throws -> String {
        try String(contentsOf: Self.docs.appending(path: name), encoding: .utf8)
    }

    /// The command holds the files that are handed out, and a run of one is what the check compares with.
    @Test func filesAreThoseOfTheCommand() throws {
        for exercise in Lesson.all.flatMap(\.exercises) {
            let file = try page("docs/lessons/\(exercise.file)")
            #expect(try ganymede("lesson", "show", exercise.name).output == file)
            try folder.write(exercise.file, Data(file.utf8))
            let printed = try ganymede("train", "--config", exercise.file, "--print-config")
            #expect(printed.code == 0, "\(printed.errors)")
            #expect(printed.output.contains("seed: 0 ") && printed.output.contains("threads: 2 "))
        }
    }

    /// Every lesson has a page with its files, the commands and the check; the teacher's page lists them.
    @Test func pagesHoldWhatALessonNeeds() throws {
        let list = try ganymede("lesson", "list")
        #expect(list.code == 0)
        let teacher = try page("docs/lessons/README.md")
        for lesson in Lesson.all {
            #expect(list.output.contains("\(lesson.number)  \(lesson.title): \(lesson.page)\n"))
            let text = try page(lesson.page)
            #expect(teacher.contains("(\(lesson.number)-\(lesson.name).md)"), "\(lesson.page)")
            #expect(text.contains("ganymede lesson check \(lesson.number) "), "\(lesson.page)")
            for heading in ["What you need", "Predict", "Run", "What it shows", "Check"] {
                #expect(text.contains("## \(heading)\n"), "\(lesson.page): \(heading)")
            }
            for exercise in lesson.exercises {
                #expect(list.output.contains(exercise.file))
                #expect(text.contains("ganymede train --config \(exercise.file) "))
                #expect(text.contains("[\(exercise.file)](\(exercise.file))"))
            }
            try checkPictures(text, lesson.page)
        }
    }

    /// A page's pictures are there, and small.
    private func checkPictures(_ text: String, _ page: String) throws {
        let pictures = text.matches(of: #/!\[[^\]]+\]\(([^)]+\.png)\)/#).map { String($0.1) }
        #expect(!pictures.isEmpty, "\(page)")
        for picture in pictures {
            let path = Self.docs.appending(path: "docs/lessons/\(picture)")
            let bytes = try Data(contentsOf: path)
            #expect(bytes.count < 100_000, "\(picture)")
            #expect(bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]), "\(picture)")
        }
    }

    @Test func whatIsWrongWithTheCommandLine() throws {
        for (arguments, code, message) in [
            (["check", "9", "run"], 64, "there is no lesson \"9\". Lessons: 1 to 6"),
            (["check", "satration", "run"], 64, "Did you mean \"saturation\"?"),
            (["show", "4-colapse"], 64, "Did you mean \"4-collapse\"?"),
            (["check", "1", "nowhere"], 1, "nowhere is not the folder of a run"),
            (["check", "1"], 64, "Missing expected argument"),
        ] {
            let result = try Command.run(["lesson"] + arguments, in: folder.path)
            #expect(result.code == code && result.errors.contains(message), "\(result)")
        }
    }

    /// A run of the shortest exercise passes, of its own lesson only, and fails once it was tampered with. Its seed is one
    /// whose weights are not recorded: another processor with the same instruction set could have others.
    @Test func aWholeLesson() throws {
        let show = try ganymede("lesson", "show", "3-fast-generator")
        try folder.write("3-fast-generator.yaml", Data(show.output.utf8))
        let trained = try ganymede(
            "train", "--config", "3-fast-generator.yaml", "--seed", "3", "--out", "run",
            "--quiet")
        #expect(trained.code == 0, "\(trained.errors)")
        let check = try ganymede("lesson", "check", "3", "run")
        #expect(check.code == 0, "\(check.output)\(check.errors)")
        #expect(check.output.contains("ok     options"), "\(check.output)")
        #expect(try ganymede("lesson", "check", "1", "run").code == 1)

        let path = "\(folder.path)/run/journal.jsonl"
        let journal = try String(contentsOfFile: path, encoding: .utf8)
        let steered = journal.replacing(
            "{\"step\":100,", with: "{\"events\":[{\"kind\":\"pause\",\"step\":100}],\"step\":100,")
        try steered.write(toFile: path, atomically: true, encoding: .utf8)
        let found = try ganymede("lesson", "check", "3", "run")
        #expect(found.code == 1, "\(found.output)")
        #expect(found.output.contains("WRONG  events"), "\(found.output)")
        #expect(found.output.hasSuffix("not the run that the lesson asks for: events.\n"))
    }
}
