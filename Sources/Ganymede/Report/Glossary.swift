/// What a figure means: one entry for each name in the journal, the measurements of health and the metrics.
public struct GlossaryEntry: Sendable, Equatable {
    /// Which values are better.
    package enum Direction: Sendable, Equatable {
        case lower, higher
        /// The closer to this value the better.
        case near(Double)
        /// No value is better than another.
        case neither
    }

    /// The name in files and in `--metrics`, such as `d_loss`.
    public let name: String
    /// What the terminal and the charts call it, such as "D loss".
    public let title: String
    /// One sentence: what it is.
    public let meaning: String
    /// One sentence: which values are good and which are bad.
    public let quality: String
    /// One sentence: which values a healthy run has.
    public let normal: String
    package let better: Direction

    init(
        _ name: String, _ title: String, better: Direction = .neither, _ meaning: String,
        _ quality: String, _ normal: String
    ) {
        self.name = name
        self.title = title
        self.better = better
        self.meaning = meaning
        self.quality = quality
        self.normal = normal
    }

    /// The three sentences.
    public var text: String { "\(meaning) \(quality) \(normal)" }
}

/// What the numbers mean. The report, the terminal and `docs/glossary.md` take names and sentences from here.
public enum Glossary {
    static let sections: [(title: String, entries: [GlossaryEntry])] = [
        ("Training", training), ("Quality", quality), ("Health", health),
    ]

    /// Every entry, in the order of the page.
    public static let all = sections.flatMap(\.entries)

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The entry of a figure; nil for one that is not Ganymede's own.
    public static func entry(_ name: String) -> GlossaryEntry? { byName[name] }

    /// What the terminal and the charts call a figure.
    package static func title(_ name: String) -> String { byName[name]?.title ?? name }

    /// The page `docs/glossary.md`.
    package static var markdown: String {
        var lines = [
            "# What the numbers mean", "",
            "D is the discriminator, G is the generator. Every figure has a name in files (`journal.jsonl`,",
            "`health.jsonl`, `--json`) and a title on the terminal, in charts and in reports. Quality is measured beside",
            "real samples: the column `real` of every table says what is normal for the data at hand.",
            "",
            "This page is `Sources/Ganymede/Report/Glossary*.swift`, and `make golden` rewrites it.",
        ]
        for (title, entries) in sections {
            lines += ["", "## \(title)"]
            for entry in entries {
                let title = entry.title == entry.name ? "" : " (\(entry.title))"
                lines += ["", "**`\(entry.name)`**\(title): \(entry.text)"]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension GlossaryEntry.Direction {
    /// The places of the best of some values; empty unless two or more can be compared and they differ.
    package func best(of values: [Double?]) -> Set<Int> {
        func badness(_ value: Double) -> Double? {
            switch self {
            case .lower: value
            case .higher: -value
            case .near(let ideal): abs(value - ideal)
            case .neither: nil
            }
        }
        let found = values.map { $0.flatMap(badness) }
        let known = found.compactMap { $0 }
        guard known.count > 1, let least = known.min(), least != known.max() else { return [] }
        return Set(found.indices.filter { found[$0] == least })
    }
}
