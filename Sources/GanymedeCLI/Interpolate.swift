import ArgumentParser
import Ganymede

/// `ganymede interpolate`
struct Interpolate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Interpolate between seeds.",
        discussion: """
            The extension of the output selects the format: .gif an animation, .png a grid with a row for each two \
            neighbours. Where a leg starts, the image is that of ganymede generate for the seed. Points (of \
            --preset points) become a .png with the whole way.
            """)

    @Argument(help: "A run's folder or a checkpoint.") var source: String
    @Option(help: "Seeds to walk through, such as 0,1,4-6.") var seeds: String
    @Option(
        name: .customLong("class"),
        help:
            "Classes of a conditional model: one for all seeds, or one for each; with a single seed, the classes to walk through."
    )
    var classes: String?
    @Option(help: "ema or raw: which of the generator's weights (default: ema).")
    var weights: String?
    @Option(help: "Frames from one seed to the next.") var frames = 16
    @Flag(help: "Walk from the last seed back to the first.") var loop = false
    @Option(name: .shortAndLong, help: "The file to write: .gif or .png.") var output: String

    /// The maximal number of frames.
    private static let limit = 10_000

    func run() throws {
        let chosen = try parseSeeds(seeds)
        let ending = Files.ending(output)
        guard ["gif", "png"].contains(ending) else {
            throw GanymedeError.invalidOption("--output ends in .gif or .png, not \"\(output)\"")
        }
        guard frames > 0 else {
            throw GanymedeError.invalidOption("--frames is at least 1, not \(frames)")
        }
        if classes == nil { try check(chosen.count) }
        let model = try Model.load(source, weights: parseWeights(weights))
        if let text = model.note { note(text) }
        let ends = try ends(chosen, model)
        try check(ends.count)
        let legs = Interpolation.legs(ends, frames: frames, loop: loop, along: model.path)
        if model.extent == .point && ending != "png" {
            throw GanymedeError.invalidOption(
                "points make no film: -o walk.png draws the whole way")
        }
        // In a film, drop the end of each leg, which is the start of the next.
        let latents =
            ending == "png"
            ? Array(legs.joined())
            : legs.flatMap { $0.dropLast() } + (loop ? [] : ends.suffix(1))
        switch try model.generate(latents) {
        case .points(let points): try PointFile(points: points).write(output, .png)
        case .images(let images, let size), .stacks(let images, _, let size):
            let file = ImageFile(images: images, image: size)
            if ending == "png" {
                try file.write(output, .png, grid: (legs.count, frames + 1))
            } else {
                try file.writeFilm(output, pause: loop ? 8 : 80)
            }
        }
    }

    /// Throws unless there is a way through `count` ends, and not too long a one.
    private func check(_ count: Int) throws {
        guard count > 1 else {
            throw GanymedeError.invalidOption(
                "--seeds names two or more to walk between, not \"\(seeds)\"")
        }
        let legs = loop ? count : count - 1
        guard frames < Interpolate.limit, legs * (frames + 1) <= Interpolate.limit else {
            throw GanymedeError.invalidOption(
                "\(legs) legs of \(frames) frames are more than \(Interpolate.limit) images: "
                    + "ask for fewer --frames or --seeds")
        }
    }

    /// A latent for each seed and class; a single one of either goes with all of the other.
    private func ends(_ seeds: [Int], _ model: Model) throws -> [Latent] {
        let numbers = try classes.map { try parseClasses($0, model) } ?? []
        let count = max(seeds.count, numbers.count)
        for (name, given) in [("--seeds", seeds.count), ("--class", numbers.count)]
        where given > 1 && given != count {
            throw GanymedeError.invalidOption(
                "\(name) names \(given), and \(count) are needed: one for all, or one for each")
        }
        return try (0..<count).map { index in
            try model.latent(
                seed: seeds.count == 1 ? seeds[0] : seeds[index],
                class: numbers.count <= 1 ? numbers.first : numbers[index])
        }
    }
}
