import CResources
package import FoundationEssentials

/// A lab for a class: one or more runs of prescribed options, and what must show in each.
///
/// To add one, write its value in `Lessons.swift`, its page and its configuration files in `docs/lessons/`, and a line for
/// each file in `Sources/CResources/resources.c`.
public struct Lesson: Sendable {
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
    public struct Exercise: Sendable {
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

/// What must show in a run.
package struct Expectation: Sendable {
    /// What a run shows of itself.
    package struct Evidence {
        /// The lines of its journal.
        let reports: [StepReport]
        /// Its measurements of health, and what they mean.
        let doctor: Doctor
    }

    /// Its name, such as `d_loss`.
    let name: String
    /// What the figure is, such as `mean of the last 500 steps`.
    let about: String
    /// Where it must lie.
    let range: ClosedRange<Double>
    /// The figure; nil if the run does not show it.
    let figure: @Sendable (Evidence) -> Double?

    /// A field of the journal, in the mean of the last `count` steps.
    package static func mean(
        _ name: String, last count: Int, in range: ClosedRange<Double>
    ) -> Expectation {
        Expectation(
            name: name, about: "mean of the last \(grouped(count)) steps", range: range
        ) { evidence in
            guard evidence.reports.count >= count else { return nil }
            let values = evidence.reports.suffix(count).compactMap { $0.loss(called: name) }
            return values.count == count ? values.reduce(0, +) / Double(count) : nil
        }
    }

    /// A metric of the evaluation after the last step.
    package static func metric(_ name: String, in range: ClosedRange<Double>) -> Expectation {
        Expectation(name: name, about: "after the last step", range: range) {
            $0.reports.last?.metrics?[name]
        }
    }

    /// A metric of an evaluation after the last step, divided by that of the first one.
    package static func metricGain(_ name: String, in range: ClosedRange<Double>) -> Expectation {
        Expectation(
            name: name, about: "after the last step, divided by that of the first evaluation",
            range: range
        ) { evidence in
            let figures = evidence.reports.compactMap { $0.metrics?[name] }
            guard figures.count > 1, let last = evidence.reports.last?.metrics?[name] else {
                return nil
            }
            return last / figures[0]
        }
    }

    /// A signal of the last measurement of health.
    package static func signal(
        _ name: String, in range: ClosedRange<Double>,
        _ signal: @escaping @Sendable (HealthSignals) -> Double?
    ) -> Expectation {
        Expectation(name: name, about: "at the last measurement of health", range: range) {
            $0.doctor.signals.last.flatMap(signal)
        }
    }

    /// A verdict that the last measurement must give, or must not give.
    package static func verdict(_ ailment: String, shows: Bool) -> Expectation {
        Expectation(
            name: ailment, about: "verdicts at the last measurement",
            range: shows ? 1...1 : 0...0
        ) { evidence in
            evidence.doctor.signals.isEmpty
                ? nil
                : evidence.doctor.findings.contains {
                    $0.isCurrent && $0.verdict.ailment == ailment
                } ? 1 : 0
        }
    }
}

extension StepReport {
    /// A loss or an accuracy by its name in the journal; nil for other names.
    fileprivate func loss(called name: String) -> Double? {
        switch name {
        case "d_loss": dLoss
        case "g_loss": gLoss
        case "d_acc": dAcc
        case "d_acc_real": dAccReal
        case "d_acc_fake": dAccFake
        case "g_acc": gAcc
        default: nil
        }
    }
}
