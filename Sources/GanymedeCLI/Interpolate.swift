import ArgumentParser
import Ganymede

/// `ganymede interpolate`
struct Interpolate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Interpolate between seeds.",
        discussion: """
            The extension of the output selects the format: .gif an animation, .png a grid with a row for each two \
            neighbours. Where a leg starts, the image is that of ganymede generate for the seed. Points (of \
            --preset toy) become a .png with the whole way.
            """)

    @Argument(help: "A run's folder or a checkpoint.") var source: String
    @Option(help: "Seeds to walk through, such as 0,1,4-6.") var seeds: String
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
        guard chosen.count > 1 else {
            throw GanymedeError.invalidOption(
                "--seeds names two or more to walk between, not \"\(seeds)\"")
        }
        guard frames > 0 else {
            throw GanymedeError.invalidOption("--frames is at least 1, not \(frames)")
        }
        let legCount = loop ? chosen.count : chosen.count - 1
        guard frames < Interpolate.limit, legCount * (frames + 1) <= Interpolate.limit else {
            throw GanymedeError.invalidOption(
                "\(legCount) legs of \(frames) frames are more than \(Interpolate.limit) images: "
                    + "ask for fewer --frames or --seeds")
        }
        let model = try Model.load(source)
        let ends = chosen.map(model.noise(seed:))
        let legs = Interpolation.legs(ends, frames: frames, loop: loop, along: model.path)
        if model.extent == .point && ending != "png" {
            throw GanymedeError.invalidOption(
                "points make no film: -o walk.png draws the whole way")
        }
        // In a film, drop the end of each leg, which is the start of the next.
        let noise =
            ending == "png"
            ? Array(legs.joined())
            : legs.flatMap { $0.dropLast() } + (loop ? [] : ends.suffix(1))
        switch try model.generate(noise: noise) {
        case .points(let points): try PointFile(points: points).write(output, .png)
        case .images(let images, let size), .stacks(let images, _, let size):
            let file = ImageFile(images: images, image: size)
            if ending == "png" {
                try file.write(output, .png, grid: (legCount, frames + 1))
            } else {
                try file.writeFilm(output, pause: loop ? 8 : 80)
            }
        }
    }
}
