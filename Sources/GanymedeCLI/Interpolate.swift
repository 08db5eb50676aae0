import ArgumentParser
import Ganymede

/// `ganymede interpolate`
struct Interpolate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Interpolate between seeds.",
        discussion: """
            The extension of the output selects the format: .gif an animation, .png a grid with a row for each two \
            neighbours. Where a leg starts, the image is that of ganymede generate for the seed. Points (of \
            --preset points) become a .png with the whole way, or a .gif that draws it point by point.
            """)

    @Argument(help: "A run's folder or a checkpoint.") var source: String
    @Option(help: "Seeds to walk through, such as 0,1,4-6.") var seeds: String?
    @Option(
        help:
            "In place of seeds: a .npy file of floats [N, size of the noise], whose rows are walked through."
    )
    var noise: String?
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
    @Option(
        help:
            "How many times larger than the images the output shows them, from 1 to 64 (default: 2 in a .png; 224 pixels or more in a .gif)."
    )
    var scale: Int?
    @Option(name: .shortAndLong, help: "The file to write: .gif or .png.") var output: String

    /// The maximal number of frames.
    private static let limit = 10_000

    func run() throws {
        if (seeds == nil) == (noise == nil) {
            throw GanymedeError.invalidOption("give --seeds or --noise, one of them")
        }
        let chosen = try seeds.map(parseSeeds)
        let ending = Files.ending(output)
        guard ["gif", "png"].contains(ending) else {
            throw GanymedeError.invalidOption("--output ends in .gif or .png, not \"\(output)\"")
        }
        guard frames > 0 else {
            throw GanymedeError.invalidOption("--frames is at least 1, not \(frames)")
        }
        try checkScale(scale)
        if classes == nil, let chosen { try check(chosen.count) }
        let model = try Model.load(source, weights: parseWeights(weights))
        if let text = model.note { note(text) }
        let rows = try noise.map { try NoiseFile($0, for: model.gan.generator.input).rows }
        let ends = try ends(rows?.count ?? chosen?.count ?? 0, model) { index, number in
            if let rows {
                return try model.latent(noise: rows[index], index: index, class: number)
            }
            return try model.latent(seed: chosen?[index] ?? 0, class: number)
        }
        try check(ends.count)
        let legs = Interpolation.legs(ends, frames: frames, loop: loop, along: model.path)
        // In a film, drop the end of each leg, which is the start of the next.
        let latents =
            ending == "png"
            ? Array(legs.joined())
            : legs.flatMap { $0.dropLast() } + (loop ? [] : ends.suffix(1))
        try write(model.generate(latents), isFilm: ending == "gif", grid: (legs.count, frames + 1))
    }

    private func write(_ samples: Samples, isFilm: Bool, grid: (Int, Int)) throws {
        let pause = loop ? 8 : 80
        switch samples {
        case .points(let points):
            let file = PointFile(points: points)
            if isFilm {
                try file.writeFilm(output, pause: pause, scale: scale ?? 2)
            } else {
                try file.write(output, .png, scale: scale ?? 2)
            }
        case .images(let images, let size), .stacks(let images, _, let size):
            let file = ImageFile(images: images, image: size)
            if isFilm {
                try file.writeFilm(output, pause: pause, scale: scale)
            } else {
                try file.write(output, .png, grid: grid, scale: scale ?? 2)
            }
        }
    }

    /// Throws unless there is a way through `count` ends, and not too long a one.
    private func check(_ count: Int) throws {
        guard count > 1 else {
            throw GanymedeError.invalidOption(
                noise == nil
                    ? "--seeds names two or more to walk between, not \"\(seeds ?? "")\""
                    : "--noise holds two rows or more to walk between, not \(count)")
        }
        let legs = loop ? count : count - 1
        guard frames < Interpolate.limit, legs * (frames + 1) <= Interpolate.limit else {
            throw GanymedeError.invalidOption(
                "\(legs) legs of \(frames) frames are more than \(Interpolate.limit) images: "
                    + "ask for fewer --frames or \(noise == nil ? "--seeds" : "rows")")
        }
    }

    /// A latent for each seed (or row of noise) and class; a single one of either goes with all of the other.
    private func ends(
        _ own: Int, _ model: Model, _ make: (_ index: Int, _ number: Int?) throws -> Latent
    ) throws -> [Latent] {
        let numbers = try classes.map { try parseClasses($0, model) } ?? []
        let count = max(own, numbers.count)
        for (name, given) in [
            (noise == nil ? "--seeds" : "--noise", own), ("--class", numbers.count),
        ]
        where given > 1 && given != count {
            throw GanymedeError.invalidOption(
                "\(name) names \(given), and \(count) are needed: one for all, or one for each")
        }
        return try (0..<count).map { index in
            try make(own == 1 ? 0 : index, numbers.count <= 1 ? numbers.first : numbers[index])
        }
    }
}
