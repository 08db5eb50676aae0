import ArgumentParser
import Foundation
import Ganymede

/// `ganymede lesson`
struct LessonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lesson", abstract: "List the lessons, and check a run of one.",
        subcommands: [List.self, Show.self, Check.self])
}

extension LessonCommand {
    /// `ganymede lesson list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the lessons with their pages and configuration files.")

        func run() throws {
            for lesson in Lesson.all {
                print("\(lesson.number)  \(lesson.title): \(lesson.page)")
                for exercise in lesson.exercises { print("     \(exercise.file)") }
            }
            print("To get a file: ganymede lesson show 1-first-gan > 1-first-gan.yaml")
        }
    }

    /// `ganymede lesson show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a configuration file of a lesson, for --config.")

        @Argument(help: "The file, such as 1-first-gan: see ganymede lesson list.")
        var file: String

        func run() throws {
            let exercise = try Lesson.Exercise.named(file)
            print(String(decoding: exercise.configuration, as: UTF8.self), terminator: "")
        }
    }

    /// `ganymede lesson check`
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a run is the one that a lesson asks for.",
            discussion: """
                Compares the run's options with the lesson's configuration files, looks for changes while it trained, and \
                compares its figures with the ranges that the lesson states. The bits of its weights are compared where \
                they are recorded for the same seed, threads, kind of processor and libraries. Exits with 1 if it is \
                not the run.
                """)

        @Argument(help: "The lesson's number or name: see ganymede lesson list.")
        var lesson: String
        @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String

        func run() throws {
            let check = try LessonCheck(Lesson.named(lesson), folder) { try $0.options() }
            print(check.text)
            if !check.isRight { throw ExitCode(1) }
        }
    }
}

extension Lesson.Exercise {
    /// The options that `ganymede train --config` takes from its file.
    func options() throws -> RunOptions {
        let text = String(decoding: configuration, as: UTF8.self)
        let parsed = try ConfigFile.parse(text, file)
        return try OptionResolver(Train.parse([]), file: parsed).resolve().options
    }
}
