/// What `--data` would give a run: counts, extents, values, classes, and every picture that cannot be used.
public struct Inspection: Sendable {
    /// The images that can be used.
    public let dataset: Dataset
    /// One for each picture that cannot be used: its path and why.
    public let faults: [String]
    /// What may be worth knowing.
    public let notes: [String]
    /// Where the images are from.
    let source: String
}

extension DataSource {
    /// Reads everything anew, also what the cache holds. Throws where there is nothing to look at.
    public func inspect(
        size: Int, channels: Int, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Inspection {
        guard let folder = try imageFolder() else {
            let images = try arrays(folders)
            return Inspection(
                dataset: try images.resized(size: size, channels: channels, progress: progress),
                faults: [], notes: [],
                source: "\(images.count) images of \(images.image.extents)")
        }
        let found = try folder.decode(size: size, channels: channels, progress: progress)
        if found.faults.isEmpty {
            folders.cache.map(ImageCache.init)?.write(folder, found.dataset)
        }
        let formats = ImageHeader.Format.allCases.compactMap { format in
            found.formats[format].map { "\($0) \(format.rawValue)" }
        }
        var source = "\(folder.files.count) files"
        if let extents = found.extents {
            source +=
                ": " + formats.joined(separator: ", ") + "; "
                + (extents.smallest == extents.largest
                    ? "" : "\(extents.smallest.extents) to ") + "\(extents.largest.extents) pixels"
        }
        return Inspection(
            dataset: found.dataset, faults: found.faults, notes: folder.notes, source: source)
    }
}

extension Inspection {
    /// Some lines for a person.
    public var text: String {
        var lines = [
            "\(dataset.name): \(dataset.count) images of \(dataset.image.extents) (height, width, channels)",
            "from     \(source)",
        ]
        if let values = dataset.values { lines.append("values   \(values)") }
        if let labels = dataset.labels {
            let counts = labels.reduce(into: [Int: Int]()) { $0[Int($1), default: 0] += 1 }
            let classes = dataset.classNames.map { Array($0.indices) } ?? counts.keys.sorted()
            lines.append("classes  \(classes.count)")
            let width = String(counts.values.max() ?? 0).count
            for label in classes {
                let count = String(counts[label] ?? 0)
                let padding = String(repeating: " ", count: width - count.count)
                lines.append("  \(padding)\(count)  \(dataset.classNames?[label] ?? "\(label)")")
            }
        } else {
            lines.append("classes  none: no labels")
        }
        lines += notes.map { "note     \($0)" }
        lines.append("faults   \(faults.isEmpty ? "none" : "\(faults.count)")")
        return (lines + faults.map { "  \($0)" }).joined(separator: "\n")
    }

    /// Writes up to 64 images, evenly chosen, as a grid of them: a PNG file, whole or not at all.
    public func writeGrid(_ path: String) throws {
        try Files.writeAtomically(path, [grid().png()])
    }

    private func grid() -> Raster {
        let size = dataset.image.reduce(1, *)
        let count = min(dataset.count, 64)
        let chosen = (0..<count).flatMap { place in
            let index = place * dataset.count / count
            return dataset.pixels[index * size..<(index + 1) * size]
        }
        let columns = max(Int(Double(count).squareRoot().rounded(.up)), 1)
        return Raster.grid(
            chosen, image: dataset.image, rows: max((count + columns - 1) / columns, 1),
            columns: columns)
    }
}

extension [Int] {
    /// `28x28x1`.
    fileprivate var extents: String { map(String.init).joined(separator: "x") }
}

extension Dataset {
    /// Smallest, largest, mean and standard deviation of all bytes; nil where there are none.
    fileprivate var values: String? {
        guard !pixels.isEmpty else { return nil }
        var counts = [Int](repeating: 0, count: 256)
        for pixel in pixels { counts[Int(pixel)] += 1 }
        let total = Double(pixels.count)
        let mean = counts.enumerated().reduce(0) { $0 + Double($1.offset * $1.element) } / total
        let variance =
            counts.enumerated().reduce(0) {
                let distance = Double($1.offset) - mean
                return $0 + distance * distance * Double($1.element)
            } / total
        return "min \(counts.firstIndex { $0 > 0 } ?? 0), max \(counts.lastIndex { $0 > 0 } ?? 0), "
            + "mean \(fixed(mean, 1)), standard deviation \(fixed(variance.squareRoot(), 1))"
    }
}
