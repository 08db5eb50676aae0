import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Images with 8 bits a channel, and labels where there are any.
public struct Dataset: Sendable {
    /// `mnist`, or the folder.
    public let name: String
    /// Extents of an image: height, width, channels.
    public let image: [Int]
    /// The images one after the other, channels last.
    public let pixels: [UInt8]
    /// A class for each image, if known.
    public let labels: [UInt8]?
    /// SHA-256 of the pixels: a resumed run must see the same.
    public let digest: String

    /// A dataset of equally large images.
    public init(name: String, image: [Int], pixels: [UInt8], labels: [UInt8]?) {
        self.name = name
        self.image = image
        self.pixels = pixels
        self.labels = labels
        digest = sha256(pixels)
    }

    /// The number of images.
    public var count: Int { pixels.count / max(image.reduce(1, *), 1) }
}

/// SHA-256 in hexadecimal.
func sha256(_ bytes: some Sequence<UInt8> & ContiguousBytes) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// Where training images come from.
public struct DataSource: Sendable, Equatable {
    /// The name of a built-in dataset, or a folder.
    public let name: String

    /// A built-in dataset or a folder by name.
    public init(_ name: String) { self.name = name }

    /// The embedded MNIST.
    public static let mnist = DataSource("mnist")

    /// Names of built-in datasets.
    public static let builtIn = ["mnist"]

    /// The training images, as `[size, size, channels]`.
    public func load(size: Int, channels: Int) throws -> Dataset {
        let dataset: Dataset
        if name == "mnist" {
            dataset = try MNIST.training()
        } else if Files.isDirectory(name) {
            dataset = try MNIST.folder(name)
        } else {
            throw GanymedeError.world(
                "there is no dataset or folder called \(name)."
                    + suggestion(for: name, among: DataSource.builtIn)
                    + " Built in: \(DataSource.builtIn.joined(separator: ", ")); a folder holds IDX files"
            )
        }
        return try dataset.resized(size: size, channels: channels)
    }
}
