/// Where training images come from.
public struct DataSource: Sendable, Equatable {
    /// The name of a dataset, a folder, or a file.
    public let name: String

    /// A dataset by name, a folder of pictures or of IDX files, or an IDX file of images. A name goes before
    /// a folder that is called the same: write `./mnist` for that.
    public init(_ name: String) { self.name = name }

    /// The embedded MNIST.
    public static let mnist = DataSource("mnist")

    /// Fashion-MNIST, where it has been fetched or installed.
    public static let fashionMNIST = DataSource("fashion-mnist")

    /// Names of known datasets.
    public static let builtIn = NamedDataset.all.map(\.name)

    /// The training images, as `[size, size, channels]`. Throws a world's error where there are none, or where
    /// any picture cannot be used.
    ///
    /// - Parameters:
    ///   - size: side of an image in pixels.
    ///   - channels: 1 for grey, 3 for red, green, blue.
    ///   - folders: where datasets and decoded images are kept.
    ///   - progress: told how many pictures of how many have been decoded.
    public func load(
        size: Int, channels: Int, folders: DataFolders = .standard,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Dataset {
        if let folder = try imageFolder() {
            return try folder.load(
                size: size, channels: channels, cache: folders.cache.map(ImageCache.init),
                progress: progress)
        }
        return try arrays(folders).resized(size: size, channels: channels, progress: progress)
    }

    /// How many images there are, without decoding any.
    public func count(folders: DataFolders = .standard) throws -> Int {
        if let known = NamedDataset.named(name) { return known.count }
        return try imageFolder()?.files.count ?? arrays(folders).count
    }

    /// The same source by a name that means it from everywhere.
    var absoluteName: String {
        NamedDataset.named(name) == nil ? Files.absolute(name) : name
    }

    /// The folder of pictures, if it is one.
    func imageFolder() throws -> ImageFolder? {
        if NamedDataset.named(name) != nil || !Files.isDirectory(name)
            || IDX.images(in: name) != nil
        {
            return nil
        }
        return try ImageFolder(name)
    }

    /// Images that come as arrays, in the size that they have.
    func arrays(_ folders: DataFolders) throws -> Dataset {
        if let known = NamedDataset.named(name) {
            return try known.load(.training, folders: folders)
        }
        if let images = IDX.images(in: name) { return try Dataset(idx: images, name: name) }
        if Files.exists(name) {
            guard !ImageFolder.isPicture(name) else {
                throw GanymedeError.world("\(name) is a picture: give the folder that it is in")
            }
            return try Dataset(idx: name, name: name)
        }
        throw GanymedeError.world(
            "there is no dataset or folder called \(name)."
                + suggestion(for: name, among: DataSource.builtIn)
                + " Known: \(DataSource.builtIn.joined(separator: ", ")); a folder holds pictures or IDX files"
        )
    }
}
