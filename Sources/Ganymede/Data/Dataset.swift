/// Training data: images with 8 bits a channel or points of the plane, with optional labels.
public struct Dataset: Sendable, Equatable {
    /// The name of the dataset, such as `mnist`, or the path of the folder or file.
    public let name: String
    /// The samples.
    public let samples: Samples
    /// A class for each sample, if known.
    public let labels: [Int]?
    /// What the labels 0, 1, ... mean, if known.
    public let classNames: [String]?
    private let knownDigest = Once<String>()

    /// A dataset of samples.
    public init(
        name: String, samples: Samples, labels: [Int]? = nil, classNames: [String]? = nil
    ) {
        if let labels, labels.count != samples.count {
            misuse("\(name) has \(labels.count) labels for \(samples.count) samples")
        }
        self.name = name
        self.samples = samples
        self.labels = labels
        self.classNames = classNames
    }

    /// A dataset of images of one size: bytes [count, height, width, channels].
    public init(
        name: String, image: ImageSize, pixels: [UInt8], labels: [Int]?,
        classNames: [String]? = nil
    ) {
        self.init(
            name: name, samples: .images(pixels, image), labels: labels, classNames: classNames)
    }

    /// A dataset of points, [count, 2].
    public init(name: String, points: [Float], labels: [Int]?, classNames: [String]? = nil) {
        self.init(name: name, samples: .points(points), labels: labels, classNames: classNames)
    }

    /// SHA-256 of all samples, which must not change when a run is resumed. Computed once, on first use.
    public var digest: String { knownDigest { samples.digest } }

    /// The names of the classes; their numbers if they have none.
    var namesOfClasses: [String] {
        classNames ?? (0...(labels?.max() ?? 0)).map { "\($0)" }
    }

    /// The number of samples.
    public var count: Int { samples.count }

    /// What a sample is.
    public var extent: SampleExtent { samples.extent }

    /// The size of its images; nil for points.
    public var image: ImageSize? { extent.image }

    /// The bytes of the images, channels last. For stacks, of the grey images that they are made of; empty for points.
    public var pixels: [UInt8] {
        switch samples {
        case .images(let bytes, _), .stacks(let bytes, _, _): bytes
        case .points: []
        }
    }

    /// For stacks, the index of the grey image of each channel, [count, channels]; else nil.
    public var stacks: [Int32]? {
        if case .stacks(_, let indices, _) = samples { indices } else { nil }
    }

    /// Coordinates, [count, 2]; nil for images.
    public var points: [Float]? {
        if case .points(let coordinates) = samples { coordinates } else { nil }
    }

    /// The bytes of all images, channels last; for stacks, of the colour images. Empty for points.
    public var allPixels: [UInt8] {
        stacks == nil ? pixels : (0..<count).flatMap { pixels(of: $0) }
    }

    /// The bytes of one image, channels last.
    public func pixels(of index: Int) -> [UInt8] { samples.pixels(of: index) }

    /// The chosen samples, in that order.
    package func picking(_ chosen: [Int]) -> Dataset {
        Dataset(
            name: name, samples: samples.picking(chosen),
            labels: labels.map { $0.rows(chosen, of: 1) }, classNames: classNames)
    }

    /// Compares samples, labels and names. The cached digest follows from these.
    public static func == (a: Dataset, b: Dataset) -> Bool {
        a.name == b.name && a.samples == b.samples && a.labels == b.labels
            && a.classNames == b.classNames
    }

    /// Throws unless `count` images of this size and a copy of them leave enough memory for training.
    static func checkMemory(count: Int, image: ImageSize) throws {
        let total = count * image.count
        guard total <= Machine.memory / 4 else {
            throw GanymedeError.outOfMemory(
                "\(count) images of \(image) take \(total >> 20) MiB, more than a quarter of this "
                    + "machine's memory: take a smaller \(option: "size") or fewer images")
        }
    }
}
