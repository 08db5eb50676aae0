/// Where training samples come from.
public struct DataSource: Sendable, Equatable {
    /// The name of a dataset, a folder, or a file.
    public let name: String
    /// The dataset that it names; nil for a folder or a file.
    let known: NamedDataset?
    private let knownFolder = Once<ImageFolder?>()
    private let knownPoints = Once<Bool>()
    private let knownArrays = Once<(count: Int, classNames: [String]?)>()

    /// A dataset by name, a folder of pictures or of IDX files, or an IDX or .npy file of images. A dataset's name
    /// takes precedence over a folder of that name: write `./mnist` for the folder. `mnist:200` is the first 200 samples
    /// of a dataset.
    ///
    /// - Parameters:
    ///   - name: a dataset, a folder or a file.
    ///   - registry: holds the datasets known by name.
    public init(_ name: String, registry: Registry = .standard) {
        self.name = name
        known = NamedDataset.named(name, among: registry.datasets)
    }

    public static func == (a: DataSource, b: DataSource) -> Bool { a.name == b.name }

    /// The embedded MNIST.
    public static let mnist = DataSource("mnist")

    /// Fashion-MNIST, which must have been downloaded or installed.
    public static let fashionMNIST = DataSource("fashion-mnist")

    /// Names of known datasets.
    public static let builtIn = NamedDataset.all.map(\.name)

    /// The training samples: images as `[size, size, channels]`, or points. Throws if the source is missing or any
    /// picture cannot be used, and a usage error if the samples cannot have this size or these channels.
    ///
    /// - Parameters:
    ///   - size: side of an image in pixels; by default as in the dataset, 28 for folders and files.
    ///   - channels: 1 for grey, 3 for RGB; by default as in the dataset, 1 for folders and files.
    ///   - folders: where datasets and cached images are.
    ///   - progress: called with the number of decoded pictures and the total.
    public func load(
        size: Int? = nil, channels: Int? = nil, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Dataset {
        try load(extent(size: size, channels: channels), folders: folders, progress: progress)
    }

    /// The training samples, with images of the size of `extent`.
    func load(
        _ extent: SampleExtent, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Dataset {
        try check(takes: extent)
        if let folder = try imageFolder(), let size = extent.image {
            return try folder.load(
                size: size.height, channels: size.channels,
                cache: folders.cache.map(ImageCache.init), progress: progress)
        }
        return try arrays(folders).resized(to: extent, progress: progress)
    }

    /// The default sample type: that of a known dataset, else grey images of 28x28 pixels.
    public var extent: SampleExtent {
        if let known { return known.extent }
        return holdsPointFile ? .point : NamedDataset.mnist.extent
    }

    /// Whether it is a `.npy` file of points [N, 2].
    private var holdsPointFile: Bool {
        (try? knownPoints { try NPY.holdsPoints(name) }) ?? false
    }

    /// Whether its samples are points of the plane.
    public var holdsPoints: Bool { extent == .point }

    /// The sample type with this size and these channels. A usage error for points, which have neither.
    func extent(size: Int?, channels: Int?) throws -> SampleExtent {
        if let image = extent.image {
            return .image(
                ImageSize(
                    height: size ?? image.height, width: size ?? image.width,
                    channels: channels ?? image.channels))
        }
        guard size == nil && channels == nil else {
            throw GanymedeError.invalidOption(
                "\(name) holds points: it takes no \(option: "size") and no \(option: "channels")")
        }
        return .point
    }

    /// Throws a usage error if its samples cannot be converted to `extent`.
    func check(takes extent: SampleExtent) throws {
        switch (self.extent, extent) {
        case (.point, .point): break
        case (.point, .image):
            throw GanymedeError.invalidOption(
                "\(quoted(name)) holds points, and these networks make images\(advice: ": use \(option: "preset") points")"
            )
        case (.image, .point):
            throw GanymedeError.invalidOption(
                "\(quoted(name)) holds images, and these networks make points\(advice: ": use another \(option: "preset"), or \(option: "data") \(GaussianMixture.all.map(\.name).joined(separator: " or "))")"
            )
        case (.image(let own), .image(let size)):
            if size.channels < own.channels {
                throw GanymedeError.invalidOption(
                    "\(name) is in colour: \(option: "channels") 3, not \(size.channels)")
            }
        }
    }

    /// The number of samples, without decoding any.
    public func count(folders: DataFolders = .standard) throws -> Int {
        if let known { return known.count }
        return try imageFolder()?.files.count ?? arraySummary(folders).count
    }

    /// What the classes of its samples are called, in the order of their numbers: 2 to 256 of them. Nil without labels,
    /// and for stacks and points, whose classes are combinations.
    func classNames(folders: DataFolders = .standard) throws -> [String]? {
        let names: [String]?
        if let known {
            if case .images = known.features { names = known.classNames } else { names = nil }
        } else if let folder = try imageFolder() {
            names = folder.classNames
        } else {
            names = try arraySummary(folders).classNames
        }
        return names.flatMap { (2...256).contains($0.count) ? $0 : nil }
    }

    /// The number of samples that are stored as arrays, and their classes; read once.
    private func arraySummary(_ folders: DataFolders) throws -> (
        count: Int, classNames: [String]?
    ) {
        try knownArrays {
            let dataset = try arrays(folders)
            return (dataset.count, dataset.labels.map { _ in dataset.namesOfClasses })
        }
    }

    /// The name, with an absolute path for a folder or file.
    var absoluteName: String {
        known == nil ? Files.absolute(name) : name
    }

    /// Whether the other names the same data, with paths resolved.
    func isSame(as other: DataSource) -> Bool {
        if known != nil || other.known != nil {
            return name == other.name
        }
        return Files.resolved(name) == Files.resolved(other.name)
    }

    /// The folder of pictures, if it is one; listed once.
    func imageFolder() throws -> ImageFolder? {
        if known != nil { return nil }
        return try knownFolder {
            !Files.isDirectory(name) || IDX.images(in: name) != nil ? nil : try ImageFolder(name)
        }
    }

    /// Samples that are stored as arrays, at their original size.
    func arrays(_ folders: DataFolders) throws -> Dataset {
        if let known {
            return try known.load(.training, folders: folders)
        }
        if let images = IDX.images(in: name) { return try Dataset(idx: images, name: name) }
        if Files.exists(name) {
            guard !ImageFolder.isPicture(name) else {
                throw GanymedeError.dataUnsuitable(
                    "\(quoted(name)) is a picture: give the folder that it is in")
            }
            return Files.ending(name) == "npy"
                ? try Dataset(npy: name, name: name)
                : try Dataset(idx: name, name: name)
        }
        if let fault = NamedDataset.fault(of: name) { throw GanymedeError.notFound(Message(fault)) }
        throw GanymedeError.notFound(
            "there is no dataset or folder called \(quoted(name))."
                + suggestion(for: name, among: DataSource.builtIn)
                + " Known: \(DataSource.builtIn.joined(separator: ", ")); a folder holds pictures or IDX files"
        )
    }
}
