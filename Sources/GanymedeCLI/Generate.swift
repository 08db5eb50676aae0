import ArgumentParser
import Ganymede

/// `ganymede generate`
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make images with a trained generator.",
        discussion: """
            The extension of the output selects the format: .png a grid, .npy an array of bytes \
            [N, H, W, C], .idx the file format of MNIST. An image depends on its seed and the weights alone. \
            Points (of --preset toy) become a scatter plot, or an array of 32-bit floats [N, 2].
            """)

    @Argument(help: "A run's folder or a checkpoint.") var source: String
    @Option(help: "Seeds of the images, such as 0,1,4-6.") var seeds = "0-63"
    @Option(help: "Rows x columns of a .png (default: nearly square).") var grid: String?
    @Option(name: .customLong("class"), help: "The class to make, where the model has classes.")
    var label: Int?
    @Option(name: .shortAndLong, help: "The file to write: .png, .npy or .idx.") var output: String

    func run() throws {
        let chosen = try parseSeeds(seeds)
        let shape = try grid.map(parseGrid)
        guard let format = ImageFile.Format(path: output) else {
            throw GanymedeError.invalidOption(
                "--output ends in .png, .npy or .idx, not \"\(output)\"")
        }
        if let shape, shape.rows * shape.columns < chosen.count {
            throw GanymedeError.invalidOption(
                "--grid \(shape.rows)x\(shape.columns) has \(shape.rows * shape.columns) places for \(chosen.count) seeds"
            )
        }
        let places = shape.map { $0.rows * $0.columns } ?? chosen.count
        if format == .png && places > 10_000 {
            throw GanymedeError.invalidOption(
                "a .png holds at most 10000 images, not \(places): use .npy or .idx")
        }
        if label != nil {
            throw GanymedeError.invalidOption("--class: the models of this version have no classes")
        }
        let model = try Model.load(source)
        if model.extent == .point && grid != nil {
            throw GanymedeError.invalidOption("--grid is for images: points have no rows")
        }
        switch try model.generate(seeds: chosen) {
        case .points(let points): try PointFile(points: points).write(output, format)
        case .images(let images, let size), .stacks(let images, _, let size):
            try ImageFile(images: images, image: size).write(output, format, grid: shape)
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
