/// Draws generated and real samples: grids of images, or points over the discriminator's decision surface.
final class SamplePictures {
    private let image: ImageSize?
    private let rows: Int
    private let columns: Int
    private let sampler: Sampler
    /// For points: the background.
    private let plane: Plane?

    private struct Plane {
        let real: [Float]
        let reach: Double
        let surface: DecisionSurface
    }

    /// Uses the networks whose variables are in `store`. Call on the engine's thread.
    init(_ options: RunOptions, _ dataset: Dataset, _ sampler: Sampler, store: StateStore) throws {
        image = dataset.image
        let grid = options.training.grid
        (rows, columns) = (grid[0], grid[1])
        self.sampler = sampler
        plane = try dataset.points.map { points in
            Plane(
                real: Array(points.prefix(2 * grid[0] * grid[1])), reach: Scatter.reach(of: points),
                surface: try DecisionSurface(
                    options.gan, store: store, backend: options.training.backend))
        }
    }

    /// Real samples.
    func real(_ dataset: Dataset) -> Raster {
        if let plane {
            var scatter = Scatter(reach: plane.reach)
            scatter.draw(real: plane.real)
            return scatter.raster
        }
        return grid(realPlaces(dataset).flatMap { dataset.pixels(of: $0) })
    }

    /// With classes, the first images of one class in each row. Else evenly spaced over the dataset, because images of a
    /// folder are sorted by class.
    private func realPlaces(_ dataset: Dataset) -> [Int] {
        if let count = sampler.gan.classes, let labels = dataset.labels {
            return (0..<rows).flatMap { row in
                labels.indices.lazy.filter { labels[$0] == row % count }.prefix(columns)
            }
        }
        let places = min(rows * columns, dataset.count)
        return (0..<places).map { $0 * dataset.count / places }
    }

    /// The generator's samples of the seeds 0, 1, ...; with classes, one class in each row. Call on the engine's thread.
    func generated() -> Raster {
        let seeds = Array(0..<rows * columns)
        guard let plane else {
            let classes = sampler.gan.classes.map { count in
                seeds.map { $0 / columns % count }
            }
            return grid(sampler.images(seeds: seeds, classes: classes))
        }
        var scatter = Scatter(reach: plane.reach)
        scatter.shade(plane.surface.probabilities(reach: plane.reach))
        scatter.draw(real: plane.real)
        scatter.draw(generated: sampler.points(seeds: seeds))
        return scatter.raster
    }

    private func grid(_ images: [UInt8]) -> Raster {
        Raster.grid(images, image: image ?? [1, 1, 1], rows: rows, columns: columns)
    }
}
