/// A summary of the data that a run would read: counts, sizes, values, classes, and every picture that cannot be used.
public struct Inspection: Sendable {
    /// The images that can be used.
    public let dataset: Dataset
    /// One for each picture that cannot be used: its path and why.
    public let faults: [String]
    /// Notes for the user.
    public let notes: [String]
    /// The origin of the images, as text.
    let source: String
}

extension DataSource {
    /// Reads all samples, bypassing the cache. Throws if there are none. Points take no `size` and no `channels`.
    public func inspect(
        size: Int? = nil, channels: Int? = nil, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Inspection {
        let extent = try extent(size: size, channels: channels)
        try check(takes: extent)
        guard let folder = try imageFolder(), let size = extent.image else {
            let samples = try arrays(folders)
            return Inspection(
                dataset: try samples.resized(to: extent, progress: progress), faults: [], notes: [],
                source: samples.origin)
        }
        let found = try folder.decode(
            size: size.height, channels: size.channels, progress: progress)
        if found.faults.isEmpty {
            folders.cache.map(ImageCache.init)?.write(folder, found.dataset)
        }
        let formats = ImageHeader.Format.allCases.compactMap { format in
            found.formats[format].map { "\($0) \(format.rawValue)" }
        }
        var source = "\(folder.files.count) files"
        if let range = found.range {
            source += ": " + formats.joined(separator: ", ") + "; \(range) pixels"
        }
        return Inspection(
            dataset: found.dataset, faults: found.faults,
            notes: folder.notes + [found.greying].compactMap { $0 }, source: source)
    }
}

extension Inspection {
    /// The summary as lines of text.
    public var text: String {
        let what =
            dataset.image.map { "images of \($0.text) (height, width, channels)" }
            ?? "points of the plane"
        var lines = ["\(dataset.name): \(dataset.count) \(what)", "from     \(source)"]
        if let values = dataset.values { lines.append("values   \(values)") }
        lines += classes
        lines += notes.map { "note     \($0)" }
        lines.append("faults   \(faults.isEmpty ? "none" : "\(faults.count)")")
        return (lines + faults.map { "  \($0)" }).joined(separator: "\n")
    }

    /// A line for each class, or one line if there are many.
    private var classes: [String] {
        guard let labels = dataset.labels else { return ["classes  none: no labels"] }
        let counts = labels.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        let classes = dataset.classNames.map { Array($0.indices) } ?? counts.keys.sorted()
        let names = classes.map { dataset.classNames?[$0] ?? "\($0)" }
        let sizes = classes.map { counts[$0] ?? 0 }
        let largest = sizes.max() ?? 0
        if classes.count > 256 {
            return [
                "classes  \(classes.count), \(names[0]) to \(names[classes.count - 1]), "
                    + "each of \(sizes.min() ?? 0) to \(largest)"
            ]
        }
        return ["classes  \(classes.count)"]
            + zip(sizes, names).map { size, name in
                let padding = String(largest).count - String(size).count
                return "  " + String(repeating: " ", count: padding) + "\(size)  \(name)"
            }
    }

    /// Writes a PNG file, atomically: a grid of up to 64 evenly spaced images, or a plot of all points.
    public func writePicture(_ path: String) throws {
        try Files.writeAtomically(path, [picture().png()])
    }

    private func picture() -> Raster {
        if case .points(let points) = dataset.samples {
            var scatter = Scatter(reach: Scatter.reach(of: points))
            scatter.draw(real: points)
            return scatter.raster
        }
        let count = min(dataset.count, 64)
        let chosen = (0..<count).flatMap { dataset.pixels(of: $0 * dataset.count / count) }
        let columns = max(Int(Double(count).squareRoot().rounded(.up)), 1)
        return Raster.grid(
            chosen, image: dataset.image ?? [1, 1, 1],
            rows: max((count + columns - 1) / columns, 1), columns: columns)
    }
}

extension [Int] {
    /// `28x28x1`.
    var extents: String { map(String.init).joined(separator: "x") }
}

extension Dataset {
    /// The origin of its samples, as text.
    fileprivate var origin: String {
        switch samples {
        case .points: "computed"
        case .images(_, let size): "\(count) \(count == 1 ? "image" : "images") of \(size.text)"
        case .stacks(let greys, _, let size):
            "\(greys.count / size.area) grey images, \(size.channels) at random for each"
        }
    }

    /// Smallest, largest, mean and standard deviation of all bytes or coordinates; nil if there are none.
    fileprivate var values: String? {
        var counts = [Int](repeating: 0, count: 256)
        switch samples {
        case .points(let points):
            return Dataset.summary(points.map { (Double($0), 1) }, places: 3)
        case .images(let bytes, _): for pixel in bytes { counts[Int(pixel)] += 1 }
        case .stacks(let greys, let indices, let size):
            for grey in indices {
                for pixel in greys[Int(grey) * size.area..<(Int(grey) + 1) * size.area] {
                    counts[Int(pixel)] += 1
                }
            }
        }
        let found = counts.enumerated().filter { $0.element > 0 }
        if found.isEmpty { return nil }
        return Dataset.summary(found.map { (Double($0.offset), $0.element) }, places: 1)
    }

    /// Statistics of a histogram.
    private static func summary(_ values: [(value: Double, count: Int)], places: Int) -> String {
        let total = Double(values.reduce(0) { $0 + $1.count })
        let mean = values.reduce(0) { $0 + $1.value * Double($1.count) } / total
        let variance =
            values.reduce(0) {
                $0 + ($1.value - mean) * ($1.value - mean) * Double($1.count)
            } / total
        let range = [values.map(\.value).min() ?? 0, values.map(\.value).max() ?? 0]
        // Bytes are integers.
        let ends = range.map { places == 1 ? "\(Int($0))" : fixed($0, places) }
        return "min \(ends[0]), max \(ends[1]), mean \(fixed(mean, places)), "
            + "standard deviation \(fixed(variance.squareRoot(), places))"
    }
}
