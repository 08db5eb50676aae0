import CResources
import FoundationEssentials

/// A dataset known by name: four IDX files like MNIST's, verified by the SHA-256 of their content, or one that is
/// computed.
///
/// To add one, write its value, as in `StackedMNIST.swift`, and its name in ``NamedDataset/all``.
public struct NamedDataset: Sendable {
    /// What `--data` takes.
    public let name: String
    /// A short description.
    public let about: String
    /// What a sample is.
    public let extent: SampleExtent
    /// Samples in the training split.
    public let count: Int
    /// What the labels 0, 1, ... mean.
    public let classNames: [String]
    /// The URL of the folder with the files, each named NAME`.gz`; nil if they are embedded in the command.
    public let source: String?
    /// Names of the files, and SHA-256 of the unpacked ones; empty if the samples are computed.
    public let digests: [String: String]
    /// How its samples are evaluated.
    let features: FeatureSource
    /// The dataset whose evaluator is used for images: itself, or the whole of which it is a part.
    let evaluatorName: String
    /// Computes a split; nil if it is read from files.
    private let make: (@Sendable (NamedDataset, Split, DataFolders) throws -> Dataset)?

    /// Features that metrics are computed from.
    enum FeatureSource: Sendable {
        /// The features of an evaluator of whole images.
        case images
        /// The features of each channel, by the evaluator of the dataset whose grey images are stacked.
        case stacks(of: String)
        /// Coordinates, compared with the Gaussians that they are drawn from.
        case mixture(GaussianMixture)
    }

    /// A dataset of your own, for a ``Registry``.
    ///
    /// - Parameters:
    ///   - name: what the source is called.
    ///   - about: what the samples are, in a few words.
    ///   - extent: what a sample is.
    ///   - count: samples in the training split.
    ///   - classNames: names of the labels; empty without labels.
    ///   - load: the samples of a split, of `extent`.
    public init(
        name: String, about: String, extent: SampleExtent, count: Int, classNames: [String] = [],
        load: @escaping @Sendable (Split) throws -> Dataset
    ) {
        self.init(
            name: name, about: about, extent: extent, count: count, classNames: classNames
        ) { _, split, _ in try load(split) }
    }

    init(
        name: String, about: String, extent: SampleExtent = .image([28, 28, 1]),
        count: Int = 60_000, classNames: [String], source: String? = nil,
        digests: [String: String] = [:], features: FeatureSource = .images,
        evaluatorName: String? = nil,
        make: (@Sendable (NamedDataset, Split, DataFolders) throws -> Dataset)? = nil
    ) {
        self.name = name
        self.about = about
        self.extent = extent
        self.count = count
        self.classNames = classNames
        self.source = source
        self.digests = digests
        self.features = features
        self.evaluatorName = evaluatorName ?? name
        self.make = make
    }

    /// The training or the test samples.
    public enum Split: String, Sendable {
        case training = "train"
        case test = "t10k"
    }

    /// The datasets of the library.
    public static let all: [NamedDataset] =
        [mnist, fashionMNIST, stackedMNIST] + GaussianMixture.all.map { NamedDataset($0) }

    /// The one called `name`, if any.
    public static func named(_ name: String) -> NamedDataset? { all.first { $0.name == name } }

    /// LeCun, Cortes and Burges: handwritten digits.
    public static let mnist = NamedDataset(
        name: "mnist", about: "handwritten digits", classNames: (0..<10).map { "\($0)" },
        source: nil,
        digests: [
            "train-images-idx3-ubyte":
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte":
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte":
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte":
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ])

    /// Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747: photographs of clothes.
    public static let fashionMNIST = NamedDataset(
        name: "fashion-mnist", about: "photographs of clothes",
        classNames: [
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
            "Bag", "Ankle boot",
        ],
        source:
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        digests: [
            "train-images-idx3-ubyte":
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte":
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte":
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte":
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ])

    /// The first folder that holds the training images; nil if none does.
    public func folder(among folders: DataFolders = .standard) -> String? {
        folders.datasets.map { "\($0)/\(name)" }.first { IDX.images(in: $0) != nil }
    }

    /// The samples of a split with their labels, each file verified.
    package func load(_ split: Split, folders: DataFolders = .standard) throws -> Dataset {
        if let make { return try make(self, split, folders) }
        let images = try file("\(split.rawValue)-images-idx3-ubyte", rank: 3, folders)
        let labels = try file("\(split.rawValue)-labels-idx1-ubyte", rank: 1, folders)
        return try Dataset(name, images, labels, classNames: classNames)
    }

    private func file(_ file: String, rank: Int, _ folders: DataFolders) throws -> IDX {
        if source == nil { return try embedded(file, rank: rank) }
        guard let folder = folder(among: folders) else { throw missing }
        guard let path = IDX.file(file, in: folder) else {
            throw GanymedeError.notFound(
                "\(quoted(folder)) lacks \(file).gz\(advice: ": ganymede data fetch \(name) --to \(quoted(folder))")"
            )
        }
        let found = try Files.read(path).withUnsafeBytes { try checked($0, file, rank: rank) }
        guard let found else {
            throw GanymedeError.fileMalformed(
                "\(quoted(path)) is not the file of that name in \(name) (another SHA-256): move it away\(advice: ", then ganymede data fetch \(name) --to \(quoted(folder))")"
            )
        }
        return found
    }

    /// The content of a file; nil if its SHA-256 differs.
    private func checked(_ bytes: UnsafeRawBufferPointer, _ file: String, rank: Int) throws -> IDX?
    {
        do {
            let found = try IDX(bytes, file, rank: rank)
            return found.digest == digests[file] ? found : nil
        } catch is GanymedeError {
            return nil
        }
    }

    private func embedded(_ file: String, rank: Int) throws -> IDX {
        let resource = ganymede_resource_named("\(name)/\(file).gz")
        let packed = UnsafeRawBufferPointer(start: resource.bytes, count: resource.count)
        guard let found = try checked(packed, file, rank: rank) else {
            throw GanymedeError.fileMalformed(
                "the embedded \(file) is damaged: install the command again")
        }
        return found
    }

    private var missing: GanymedeError {
        .notFound(
            """
            \(name) is not on this machine\(advice: """
            . Any of these helps:
              ganymede data fetch \(name)  (downloads 31 MB)
              apt install dataset-\(name)  (Debian's package)
              \(option: "data") FOLDER  (where its files are)
            """)
            """)
    }
}

extension Registry {
    /// Every dataset by name, those of the library first.
    public var datasets: [NamedDataset] { NamedDataset.all + added("dataset") }

    /// This registry with one more dataset. Stops the program if the name is taken.
    public func adding(_ dataset: NamedDataset) -> Registry {
        adding(dataset, called: [dataset.name], to: "dataset", among: datasets.map(\.name))
    }
}
