import Foundation
import Ganymede
import TestSupport
import Testing

/// The check of a lesson, on a run of a second: it passes on the run that was asked for, and each wrong thing is found.
@Suite(.timeLimit(.minutes(20)))
struct LessonTests {
    private let folder: TemporaryFolder
    private var run: String { "\(folder.path)/run" }
    private var journal: String { "\(run)/journal.jsonl" }
    private let asked: RunOptions

    init() throws {
        folder = try TemporaryFolder()
        var training = TrainingConfig(batch: 16, steps: 60, precision: .f32, grid: [2, 2])
        training.healthEvery = 20
        asked = RunOptions(data: "mnist", gan: try tinyGAN(), training: training)
        try Trainer(asked).train(into: "\(folder.path)/run")
    }

    /// The check against a lesson with one exercise.
    private func check(
        _ expectations: [Ganymede.Expectation] = [], options: RunOptions? = nil
    ) throws -> LessonCheck {
        let exercise = Lesson.Exercise(name: "9-small", expectations: expectations)
        let lesson = Lesson(number: 9, name: "small", title: "Small", exercises: [exercise])
        return try LessonCheck(lesson, run) { _ in options ?? asked }
    }

    /// The parts of a check that are wrong.
    private func wrong(_ check: LessonCheck) -> [String] {
        check.lines.filter { $0.outcome == .wrong }.map(\.name)
    }

    private func edit(_ path: String, _ change: (inout [String]) -> Void) throws {
        var lines = try String(contentsOfFile: path, encoding: .utf8)
            .components(separatedBy: "\n")
        change(&lines)
        try lines.joined(separator: "\n").write(
            toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func theRightRunPasses() throws {
        let found = try check([
            .init("d_loss", .mean(last: 20), in: 0...10),
            .init("d_acc_real", .mean(last: 60), in: 0...1),
            .init("diversity", .signal, in: 0...10),
            .init("non-finite", .verdict, in: 0...0),
        ])
        #expect(found.isRight, "\(found.text)")
        #expect(
            found.lines.map(\.name) == [
                "options", "steps", "events", "d_loss", "d_acc_real", "diversity", "non-finite",
                "bits",
            ])
        // No weights are recorded for a lesson of this test.
        #expect(found.lines.last?.outcome == .notCompared)
        #expect(found.text.hasSuffix("This is the run that the lesson asks for."))
    }

    /// Another learning rate, loss, length or dataset is named, with both values.
    @Test func otherOptionsAreFound() throws {
        var other = asked
        other.gan.loss = MinimaxLoss()
        other.training.batch = 32
        let found = try check(options: other)
        #expect(wrong(found) == ["options"])
        #expect(found.lines[0].text.contains("batch: 16, not 32"), "\(found.text)")
        #expect(
            found.lines[0].text.contains(#"gan.loss.kind: "non-saturating", not "minimax""#))
        other = asked
        other.source = DataSource("mnist:200")
        #expect(try check(options: other).lines[0].text == #"data: "mnist", not "mnist:200""#)
        other = asked
        other.training.steps = 90
        #expect(try check(options: other).lines[0].text == "steps: 60, not 90")
    }

    /// A seed, threads and precision of one's own are named, and do not fail.
    @Test func someOptionsAreFree() throws {
        var other = asked
        (other.training.seed, other.training.threads) = (5, asked.training.threads + 1)
        (other.training.precision, other.training.sampleEvery) = (.auto, 10)
        let found = try check(options: other)
        #expect(found.isRight, "\(found.text)")
        let notes = found.lines.filter { $0.name == "options" && $0.outcome == .notCompared }
        #expect(notes.count == 3 && notes[1].text.hasPrefix("seed: 0, not 5"), "\(found.text)")
    }

    @Test func figuresOutOfRangeAreFound() throws {
        let found = try check([
            .init("d_loss", .mean(last: 20), in: 50...60), .init("fid", .metric, in: 0...100),
            .init("g_loss", .mean(last: 1000), in: 0...100),
            .init("divergence", .verdict, in: 1...1),
        ])
        #expect(wrong(found) == ["d_loss", "fid", "g_loss", "divergence"], "\(found.text)")
        #expect(found.lines[3].text.contains("not in 50 to 60"), "\(found.text)")
        #expect(found.lines[4].text.hasPrefix("the run does not hold it"))
    }

    /// A run that was steered while it trained is not the one asked for.
    @Test func eventsAreFound() throws {
        try edit(journal) { lines in
            lines[9].removeLast()
            lines[9] +=
                #","events":[{"kind":"pause","step":10},{"kind":"generator_step","step":10}]}"#
            // An empty list is none.
            lines[11].removeLast()
            lines[11] += #","events":[]}"#
        }
        let found = try check()
        #expect(wrong(found) == ["events"], "\(found.text)")
        #expect(
            found.lines[2].text.hasPrefix(
                "2 changes by hand while it trained, the first at step 10"))
    }

    @Test func aDamagedJournalIsFound() throws {
        try edit(journal) { $0[4] = $0[4].replacing("\"d_loss\":", with: "\"d_loss\"") }
        let found = try check()
        #expect(wrong(found) == ["steps"], "\(found.text)")
        #expect(found.lines[1].text.hasPrefix("the journal is damaged: line 5, column "))
        try edit(journal) { $0.remove(at: 4) }
        #expect(
            try check().lines[1].text.contains("step 6, and step 5 is missing"))
        try FileManager.default.removeItem(atPath: journal)
        #expect(
            wrong(try check([.init("d_loss", .mean(last: 2), in: 0...9)])) == ["steps", "d_loss"])
    }

    @Test func anUnfinishedRunIsFound() throws {
        try edit(journal) { $0.removeSubrange(30..<60) }
        let found = try check()
        #expect(wrong(found) == ["steps"], "\(found.text)")
        #expect(found.lines[1].text.hasPrefix("30 of 60: the run is in progress, or was stopped"))
    }

    /// A configuration that was edited after training does not fit the checkpoint; nor does a checkpoint that was.
    @Test func forgeriesAreFound() throws {
        let config = "\(run)/config.json"
        try edit(config) { lines in
            for index in lines.indices {
                lines[index] = lines[index].replacing("\"batch\" : 16", with: "\"batch\" : 32")
            }
        }
        var other = asked
        other.training.batch = 32
        let found = try check(options: other)
        #expect(wrong(found) == ["bits"], "\(found.text)")
        #expect(found.lines.last?.text.contains("batch: 16, not 32") == true, "\(found.text)")
        let checkpoint = "\(run)/checkpoints/step-000060.safetensors"
        var bytes = try Data(contentsOf: URL(filePath: checkpoint))
        bytes[bytes.count - 9] ^= 1
        try bytes.write(to: URL(filePath: checkpoint))
        #expect(try check(options: other).lines.last?.outcome == .wrong)
    }

    /// Of a lesson with several exercises, the one that the run was meant for is found.
    @Test func theClosestExerciseIsTaken() throws {
        var other = asked
        other.gan.loss = HingeLoss()
        let lesson = Lesson(
            number: 9, name: "two", title: "Two",
            exercises: ["9-hinge", "9-plain"].map { .init(name: $0, expectations: []) })
        let found = try LessonCheck(lesson, run) { $0.name == "9-hinge" ? other : asked }
        #expect(found.exercise.name == "9-plain" && found.isRight, "\(found.text)")
    }

    @Test func lessonsByNumberAndName() throws {
        #expect(Lesson.all.map(\.number) == Array(1...6))
        #expect(try Lesson.named("4").name == Lesson.named("mode-collapse").name)
        #expect(
            throws: GanymedeError.unknownName(
                "there is no lesson \"mode-colapse\". Did you mean \"mode-collapse\"? Lessons: 1 to 6"
            )
        ) { try Lesson.named("mode-colapse") }
        #expect(throws: GanymedeError.self) { try Lesson.named("7") }
        #expect(try Lesson.Exercise.named("1-first-gan.yaml").name == "1-first-gan")
        #expect(throws: GanymedeError.self) { try Lesson.Exercise.named("1-first-gam") }
        // Every lesson expects something of each of its runs.
        for exercise in Lesson.all.flatMap(\.exercises) {
            #expect(!exercise.expectations.isEmpty, "\(exercise.name)")
            #expect(!exercise.configuration.isEmpty)
        }
    }

    /// The digest is that of `ganymede verify`.
    @Test func bitsAreThoseOfVerify() throws {
        let digest = try #require(try Verification.run(run).digest)
        #expect(try check().lines.last?.text.hasSuffix("weights \(digest.prefix(16))") == true)
    }
}

/// The first samples of a dataset: `mnist:200`.
struct FirstSamplesTests {
    @Test func theyAreTheFirstOfTheWhole() throws {
        let (whole, part) = (DataSource("mnist"), DataSource("mnist:200"))
        #expect(try part.count() == 200)
        let (all, few) = (try whole.load(), try part.load())
        #expect(few.count == 200 && few.name == "mnist:200")
        #expect(few.pixels == Array(all.pixels.prefix(200 * 784)))
        #expect(few.labels == all.labels.map { Array($0.prefix(200)) })
        // Other samples are other data, which a resume would refuse.
        #expect(try few.digest != DataSource("mnist:201").load().digest)
        #expect(try DataSource("grid25:64").load().points?.count == 128)
    }

    @Test(arguments: ["mnist:0", "mnist:60001", "mnist:-1", "mnist:", "mnist:07", "mnist:x"])
    func outOfRange(name: String) throws {
        let error = #expect(throws: GanymedeError.self) { try DataSource(name).load() }
        #expect(error?.description.contains("N from 1 to 60000") == true, "\(error as Any)")
    }

    /// They have the whole's evaluator, and few of them no evaluations as a run goes.
    @Test func theyAreEvaluated() throws {
        let few = try RunOptions(preset: .mlp, data: "mnist:200")
        #expect(few.lasting(2000).defaultMetricsEvery == nil)
        #expect(
            try RunOptions(preset: .mlp, data: "mnist:2000").lasting(2000).defaultMetricsEvery
                == 1000)
        guard case .images(let evaluator) = try FeatureExtractor(DataSource("mnist:200")) else {
            return #expect(Bool(false))
        }
        #expect(evaluator.data == "mnist")
    }
}
