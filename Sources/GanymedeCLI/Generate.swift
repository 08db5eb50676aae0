import ArgumentParser
import Ganymede

/// `ganymede generate`
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make images with a trained generator.",
        discussion: """
            The output selects the format: .png a grid, .npy an array of bytes [N, H, W, C], .idx the file format of \
            MNIST, and a folder (out/) one .png for each image. An image depends on its seed and the weights alone. \
            Points (of --preset points) become a scatter plot, or an array of 32-bit floats [N, 2].
            """)

    @Argument(help: "A run's folder or a checkpoint.") var source: String
    @Option(help: "Seeds of the images, such as 0,1,4-6 (default: 0-63).") var seeds: String?
    @Option(
        help:
            "In place of seeds: a .npy file of floats [N, size of the noise], with a row for each image."
    )
    var noise: String?
    @Option(help: "Also write the noise of the seeds, as a .npy file that --noise reads.")
    var saveNoise: String?
    @Option(help: "Rows x columns of a .png (default: nearly square).") var grid: String?
    @Option(
        help:
            "How many times larger than the images a .png shows them, from 1 to 64 (default: 2). A single image has no border."
    )
    var scale: Int?
    @Option(
        name: .customLong("class"),
        help:
            "Classes of a conditional model, by number or name, such as 7, 0-9 or Bag,Coat: a row of all seeds for each (default: all classes in turn)."
    )
    var classes: String?
    @Option(help: "ema or raw: which of the generator's weights (default: ema).")
    var weights: String?
    @Option(
        name: .shortAndLong,
        help: "The file to write: .png, .npy or .idx; or a folder, such as out/.")
    var output: String

    /// Where the samples go.
    private enum Target {
        case file(ImageFile.Format)
        case folder
    }

    func run() throws {
        let chosen = try parseSeeds(seeds ?? "0-63")
        let places = try grid.map(parseGrid)
        let target = try target()
        try checkOptions(target)
        if classes == nil && noise == nil { try check(chosen.count, places, target) }
        let model = try Model.load(source, weights: parseWeights(weights))
        if let text = model.note { note(text) }
        let numbers = try classes.map { try parseClasses($0, model) }
        let rows = try noise.map { try NoiseFile($0, for: model.gan.generator.input).rows }
        let count = rows?.count ?? chosen.count
        let shape = numbers.map { (rows: $0.count, columns: count) }
        try check(count * (numbers?.count ?? 1), places ?? shape, target)
        if model.extent == .point {
            if grid != nil {
                throw GanymedeError.invalidOption("--grid is for images: points have no rows")
            }
            if case .folder = target {
                throw GanymedeError.invalidOption(
                    "a folder is for images, and this system makes points: use .png or .npy")
            }
        }
        let each: [Int?] = numbers.map { $0.map(Optional.some) } ?? [nil]
        let latents: [Latent] = try each.flatMap { number in
            try rows?.enumerated().map {
                try model.latent(noise: $1, index: $0, class: number)
            } ?? chosen.map { try model.latent(seed: $0, class: number) }
        }
        try write(
            model.generate(latents), to: target, grid: places ?? shape,
            names: names(rows == nil ? chosen : Array(0..<count), numbers))
        // The noise is the same for every class.
        if let saveNoise {
            try NoiseFile(rows: latents.prefix(count).map(\.noise)).write(saveNoise)
        }
    }

    private func write(
        _ samples: Samples, to target: Target, grid: (rows: Int, columns: Int)?, names: [String]
    ) throws {
        switch (samples, target) {
        case (.points(let points), .file(let format)):
            try PointFile(points: points).write(output, format, scale: scale ?? 2)
        case (.images(let images, let size), .file(let format)),
            (.stacks(let images, _, let size), .file(let format)):
            try ImageFile(images: images, image: size)
                .write(output, format, grid: grid, scale: scale ?? 2)
        case (.images(let images, let size), .folder), (.stacks(let images, _, let size), .folder):
            let folder = output.count > 1 && output.hasSuffix("/") ? "\(output.dropLast())" : output
            try ImageFile(images: images, image: size)
                .writeEach(into: folder, names: names, scale: scale ?? 2)
        case (.points, .folder): break
        }
    }

    /// `seed-000012`, `row-000003` of a file of noise, and the class where one is asked for.
    private func names(_ numbers: [Int], _ classes: [Int]?) -> [String] {
        let kind = noise == nil ? "seed" : "row"
        return (classes ?? [-1]).flatMap { name in
            numbers.map { number in
                let digits = String(number)
                let zeros = String(repeating: "0", count: max(6 - digits.count, 0))
                return "\(kind)-\(zeros)\(digits)" + (name < 0 ? "" : "-class-\(name)")
            }
        }
    }

    private func target() throws -> Target {
        if output.hasSuffix("/") || Files.isDirectory(output) { return .folder }
        guard let format = ImageFile.Format(path: output) else {
            throw GanymedeError.invalidOption(
                "--output ends in .png, .npy or .idx, or in / for a folder, not \"\(output)\"")
        }
        return .file(format)
    }

    /// Throws for options that do not go together.
    private func checkOptions(_ target: Target) throws {
        if noise != nil && seeds != nil {
            throw GanymedeError.invalidOption("give --seeds or --noise, not both")
        }
        if let saveNoise {
            guard Files.ending(saveNoise) == "npy" else {
                throw GanymedeError.invalidOption("--save-noise ends in .npy, not \"\(saveNoise)\"")
            }
            try Files.checkWritable(saveNoise)
        }
        if grid != nil, case .folder = target {
            throw GanymedeError.invalidOption("--grid is for one .png, and not for a folder")
        }
        if scale != nil, case .file(let format) = target, format != .png {
            throw GanymedeError.invalidOption("--scale is for pictures, and not for .\(format)")
        }
        try checkScale(scale)
    }

    /// Throws unless `count` images have a place.
    private func check(
        _ count: Int, _ places: (rows: Int, columns: Int)?, _ target: Target
    ) throws {
        if let places, places.rows * places.columns < count {
            throw GanymedeError.invalidOption(
                "--grid \(places.rows)x\(places.columns) has \(places.rows * places.columns) places for \(count) images"
            )
        }
        switch target {
        case .file(.png):
            let all = places.map { $0.rows * $0.columns } ?? count
            if all <= 10_000 { return }
            throw GanymedeError.invalidOption(
                "a .png holds at most 10000 images, not \(all): use .npy or .idx")
        case .folder:
            if count <= 10_000 { return }
            throw GanymedeError.invalidOption(
                "a folder gets at most 10000 images, not \(count): use .npy or .idx")
        case .file: return
        }
    }
}

/// Throws unless pictures can be enlarged as asked for.
func checkScale(_ scale: Int?) throws {
    if let scale, !(1...64).contains(scale) {
        throw GanymedeError.invalidOption("--scale is from 1 to 64, not \(scale)")
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
