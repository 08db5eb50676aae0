import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Images with 8 bits a channel, and labels where there are any.
public struct Dataset: Sendable {
    /// `mnist`, or the folder or file.
    public let name: String
    /// Extents of an image: height, width, channels.
    public let image: [Int]
    /// The images one after the other, channels last.
    public let pixels: [UInt8]
    /// A class for each image, if known.
    public let labels: [UInt8]?
    /// What the labels 0, 1, ... mean, if known.
    public let classNames: [String]?
    /// SHA-256 of the pixels: a resumed run must see the same.
    public let digest: String

    /// A dataset of equally large images.
    public init(
        name: String, image: [Int], pixels: [UInt8], labels: [UInt8]?, classNames: [String]? = nil
    ) {
        self.name = name
        self.image = image
        self.pixels = pixels
        self.labels = labels
        self.classNames = classNames
        digest = sha256(pixels)
    }

    /// Throws unless `count` images of these extents, and a copy of them, leave room for training.
    static func checkMemory(count: Int, image: [Int]) throws {
        let total = count * image.reduce(1, *)
        guard total <= Machine.memory / 4 else {
            throw GanymedeError.world(
                "\(count) images of \(Shape(image)) take \(total >> 20) MiB, more than a quarter of this "
                    + "machine's memory: take a smaller --size or fewer images")
        }
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
