import CResources
package import FoundationEssentials

/// A lab for a class: one or more runs of prescribed options, and what must show in each.
///
/// To add one, write its entry in `docs/lessons/lessons.json`, its page and its configuration files beside that, and a line
/// for each file in `Sources/CResources/resources.c`.
public struct Lesson: Decodable, Sendable {
    /// Its place in the course, from 1.
    public let number: Int
    /// A short name, such as `mode-collapse`.
    public let name: String
    /// What it is about, in a few words.
    public let title: String
    /// The runs that it asks for.
    public let exercises: [Exercise]

    package init(number: Int, name: String, title: String, exercises: [Exercise]) {
        self.number = number
        self.name = name
        self.title = title
        self.exercises = exercises
    }

    /// A run that a lesson asks for.
    public struct Exercise: Decodable, Sendable {
        /// The name of its configuration file without `.yaml`, such as `4-collapse`.
        public let name: String
        /// What must show in the run.
        package let expectations: [Expectation]

        package init(name: String, expectations: [Expectation]) {
            self.name = name
            self.expectations = expectations
        }

        /// The name of its configuration file.
        public var file: String { "\(name).yaml" }

        /// The text of its configuration file, which is embedded in the program.
        package var configuration: Data {
            let resource = ganymede_resource_named("lessons/\(file)")
            guard let bytes = resource.bytes else { misuse("\(file) is not among the resources") }
            return Data(bytes: bytes, count: resource.count)
        }
    }

    /// Every lesson, in the order of the course: those of `docs/lessons/lessons.json`, which is embedded.
    public static let all: [Lesson] = embedded("lessons.json")

    /// The content of a JSON file of `docs/lessons/`. Misuse if it cannot be decoded: it was made with the program.
    static func embedded<Content: Decodable>(_ file: String) -> Content {
        let resource = ganymede_resource_named("lessons/\(file)")
        guard let bytes = resource.bytes else { misuse("\(file) is not among the resources") }
        do {
            let data = Data(bytes: bytes, count: resource.count)
            return try JSON.decoder().decode(Content.self, from: data)
        } catch { misuse("docs/lessons/\(file): \(JSON.explain(error))") }
    }

    /// Its page in the documentation.
    public var page: String { "docs/lessons/\(number)-\(name).md" }

    /// The lesson of a number or a name. Throws a usage error if there is none.
    public static func named(_ text: String) throws -> Lesson {
        if let lesson = all.first(where: { "\($0.number)" == text || $0.name == text }) {
            return lesson
        }
        throw GanymedeError.unknownName(
            Message(
                "there is no lesson \"\(text)\"." + suggestion(for: text, among: all.map(\.name))
                    + " Lessons: 1 to \(all.count)"))
    }
}

extension Lesson.Exercise {
    /// The exercise of a name, with or without `.yaml`. Throws a usage error if there is none.
    public static func named(_ text: String) throws -> Lesson.Exercise {
        let exercises = Lesson.all.flatMap(\.exercises)
        let name = text.hasSuffix(".yaml") ? String(text.dropLast(5)) : text
        if let exercise = exercises.first(where: { $0.name == name }) { return exercise }
        let names = exercises.map(\.name)
        throw GanymedeError.unknownName(
            Message(
                "there is no exercise \"\(text)\"." + suggestion(for: name, among: names)
                    + " Exercises: \(names.joined(separator: ", "))"))
    }
}
