import ArgumentParser
import Ganymede

/// `ganymede generate`
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make images with a trained generator.",
        discussion: """
            The extension of the output selects the format: .png a grid, .npy an array of bytes \
            [N, H, W, C], .idx the file format of MNIST. An image depends on its seed and the weights alone. \
            Points (of --preset points) become a scatter plot, or an array of 32-bit floats [N, 2].
            """)

    @Argument(help: "A run's folder or a checkpoint.") var source: String
    @Option(help: "Seeds of the images, such as 0,1,4-6.") var seeds = "0-63"
    @Option(help: "Rows x columns of a .png (default: nearly square).") var grid: String?
    @Option(
        name: .customLong("class"),
        help:
            "Classes of a conditional model, by number or name, such as 7, 0-9 or Bag,Coat: a row of all seeds for each (default: all classes in turn)."
    )
    var classes: String?
    @Option(help: "ema or raw: which of the generator's weights (default: ema).")
    var weights: String?
    @Option(name: .shortAndLong, help: "The file to write: .png, .npy or .idx.") var output: String

    func run() throws {
        let chosen = try parseSeeds(seeds)
        let places = try grid.map(parseGrid)
        guard let format = ImageFile.Format(path: output) else {
            throw GanymedeError.invalidOption(
                "--output ends in .png, .npy or .idx, not \"\(output)\"")
        }
        if classes == nil { try check(chosen.count, places, format) }
        let model = try Model.load(source, weights: parseWeights(weights))
        if let text = model.note { note(text) }
        let numbers = try classes.map { try parseClasses($0, model) }
        let rows = numbers.map { (rows: $0.count, columns: chosen.count) }
        try check(chosen.count * (numbers?.count ?? 1), places ?? rows, format)
        if model.extent == .point && grid != nil {
            throw GanymedeError.invalidOption("--grid is for images: points have no rows")
        }
        let each: [Int?] = numbers ?? [nil]
        let latents = try each.flatMap { number in
            try chosen.map { try model.latent(seed: $0, class: number) }
        }
        switch try model.generate(latents) {
        case .points(let points): try PointFile(points: points).write(output, format)
        case .images(let images, let size), .stacks(let images, _, let size):
            try ImageFile(images: images, image: size).write(output, format, grid: places ?? rows)
        }
    }

    /// Throws unless `count` images have a place.
    private func check(
        _ count: Int, _ places: (rows: Int, columns: Int)?, _ format: ImageFile.Format
    ) throws {
        if let places, places.rows * places.columns < count {
            throw GanymedeError.invalidOption(
                "--grid \(places.rows)x\(places.columns) has \(places.rows * places.columns) places for \(count) images"
            )
        }
        let all = places.map { $0.rows * $0.columns } ?? count
        if format == .png && all > 10_000 {
            throw GanymedeError.invalidOption(
                "a .png holds at most 10000 images, not \(all): use .npy or .idx")
        }
    }
}

/// Parses `0,1,4-6` as seeds.
func parseSeeds(_ text: String) throws -> [Int] {
    var seeds: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = ends.first.flatMap({ Int($0) }),
            let last = ends.last.flatMap({ Int($0) }),
            first >= 0, first <= last
        else {
            throw GanymedeError.invalidOption("--seeds is a list such as 0,1,4-6, not \"\(text)\"")
        }
        guard last - first < 1_000_000, seeds.count + (last - first) < 1_000_000 else {
            throw GanymedeError.invalidOption(
                "--seeds names more than a million images: ask for fewer")
        }
        seeds += Array(first...last)
    }
    return seeds
}

/// Parses `8x8` as rows and columns.
func parseGrid(_ text: String) throws -> (rows: Int, columns: Int) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let rows = parts[0], let columns = parts[1], (1...1000).contains(rows),
        (1...1000).contains(columns)
    else {
        throw GanymedeError.invalidOption("--grid is rows x columns such as 8x8, not \"\(text)\"")
    }
    return (rows, columns)
}

/// Parses `7`, `0-9` or `Bag,Coat` as classes of a model.
func parseClasses(_ text: String, _ model: Model) throws -> [Int] {
    let names = model.classNames ?? []
    return try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part in
        let ends = part.split(separator: "-").compactMap { Int($0) }
        // A name may hold a dash.
        guard !names.contains(String(part)), ends.count == 2, part.contains("-") else {
            return [try model.classNumber(String(part))]
        }
        guard ends[0] <= ends[1], ends[1] - ends[0] < 256 else {
            throw GanymedeError.invalidOption("--class is a list such as 0,1,4-6, not \"\(text)\"")
        }
        return try (ends[0]...ends[1]).map { try model.classNumber("\($0)") }
    }
}

/// Parses `ema` or `raw`.
func parseWeights(_ text: String?) throws -> GeneratorWeights {
    try text.map { try parseChoice($0, "weights", GeneratorWeights.self) } ?? .ema
}
