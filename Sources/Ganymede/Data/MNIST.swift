import CResources

/// MNIST (LeCun, Cortes, Burges): 60,000 training and 10,000 test images of digits, 28x28 grey.
package enum MNIST {
    /// SHA-256 of the unpacked files, which are the original ones.
    static let digests = [
        "train-images-idx3-ubyte":
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte":
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte":
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte":
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]

    /// Images in the training split.
    package static let trainingCount = 60_000

    static func training() throws -> Dataset { try loaded.get() }

    /// Unpacked once a process.
    private static let loaded = Result { try embedded("train") }

    package static func test() throws -> Dataset {
        try embedded("t10k")
    }

    private static func embedded(_ split: String) throws -> Dataset {
        let images = try embedded("\(split)-images-idx3-ubyte", rank: 3)
        let labels = try embedded("\(split)-labels-idx1-ubyte", rank: 1)
        return try dataset("mnist", images, labels)
    }

    /// An embedded file, verified.
    private static func embedded(_ name: String, rank: Int) throws -> IDX {
        let resource = ganymede_resource_named("mnist/\(name).gz")
        let packed = UnsafeRawBufferPointer(start: resource.bytes, count: resource.count)
        let unpacked = try Gzip.unpack(packed, name, expected: packed.count * 6)
        guard sha256(unpacked) == digests[name] else {
            throw GanymedeError.world("the embedded \(name) is damaged: install the command again")
        }
        return try unpacked.withUnsafeBytes { try IDX($0, name, rank: rank) }
    }

    /// A folder that holds the two files of the training split, gzipped or not.
    static func folder(_ path: String) throws -> Dataset {
        let images = try file("train-images-idx3-ubyte", in: path, rank: 3)
        let labels = try file("train-labels-idx1-ubyte", in: path, rank: 1)
        return try dataset(path, images, labels)
    }

    private static func file(_ name: String, in folder: String, rank: Int) throws -> IDX {
        let paths = ["\(folder)/\(name)", "\(folder)/\(name).gz"]
        guard let path = paths.first(where: Files.exists) else {
            throw GanymedeError.world(
                "\(folder) holds neither \(name) nor \(name).gz: put the file there")
        }
        return try Files.read(path).withUnsafeBytes { try IDX($0, path, rank: rank) }
    }

    private static func dataset(_ name: String, _ images: IDX, _ labels: IDX) throws -> Dataset {
        guard images.shape[0] == labels.shape[0] else {
            throw GanymedeError.world(
                "\(name): there are \(images.shape[0]) images and \(labels.shape[0]) labels")
        }
        return Dataset(
            name: name, image: [images.shape[1], images.shape[2], 1], pixels: images.bytes,
            labels: labels.bytes)
    }
}
