#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a GAN learns from: images with 8 bits a channel, or points of the plane; and labels where there are any.
public struct Dataset: Sendable, Equatable {
    /// `mnist`, or the folder or file.
    public let name: String
    /// Extents of a sample: height, width, channels of an image, or ``point``.
    public let image: [Int]
    /// The images one after the other, channels last. Where there are ``stacks``, the grey images that these are made
    /// of; none where samples are points.
    public let pixels: [UInt8]
    /// For each image the grey ones that are its channels, as numbers of images in ``pixels``: [count, channels]. Nil
    /// where images lie in ``pixels`` as they are.
    public let stacks: [Int32]?
    /// Coordinates, [count, 2]; nil where samples are images.
    public let points: [Float]?
    /// A class for each sample, if known.
    public let labels: [Int]?
    /// What the labels 0, 1, ... mean, if known.
    public let classNames: [String]?
    /// SHA-256 of pixels, stacks and points: a resumed run must see the same.
    public let digest: String

    /// Extents of a point of the plane.
    public static let point = [2]

    /// A dataset of equally large images.
    public init(
        name: String, image: [Int], pixels: [UInt8], stacks: [Int32]? = nil, labels: [Int]?,
        classNames: [String]? = nil
    ) {
        self.init(name, image, pixels, stacks, nil, labels, classNames)
    }

    /// A dataset of points, [count, 2].
    public init(name: String, points: [Float], labels: [Int]?, classNames: [String]? = nil) {
        self.init(name, Dataset.point, [], nil, points, labels, classNames)
    }

    private init(
        _ name: String, _ image: [Int], _ pixels: [UInt8], _ stacks: [Int32]?, _ points: [Float]?,
        _ labels: [Int]?, _ classNames: [String]?
    ) {
        self.name = name
        self.image = image
        self.pixels = pixels
        self.stacks = stacks
        self.points = points
        self.labels = labels
        self.classNames = classNames
        let hash = SHA256()
        pixels.withUnsafeBytes(hash.update)
        stacks?.withUnsafeBytes(hash.update)
        points?.withUnsafeBytes(hash.update)
        digest = hash.hexadecimal()
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

    /// The number of samples.
    public var count: Int {
        if let stacks { return stacks.count / image[2] }
        return (points?.count ?? pixels.count) / max(image.reduce(1, *), 1)
    }

    /// The bytes of all images, as they are seen: one after the other, channels last. None where samples are points.
    public var allPixels: [UInt8] {
        stacks == nil ? pixels : (0..<count).flatMap { pixels(of: $0) }
    }

    /// The chosen samples, in that order.
    package func picking(_ chosen: [Int]) -> Dataset {
        func rows<Number>(_ numbers: [Number], of size: Int) -> [Number] {
            var picked: [Number] = []
            picked.reserveCapacity(chosen.count * size)
            for index in chosen { picked += numbers[index * size..<(index + 1) * size] }
            return picked
        }
        let labels = labels.map { rows($0, of: 1) }
        if let points {
            return Dataset(
                name: name, points: rows(points, of: 2), labels: labels, classNames: classNames)
        }
        return Dataset(
            name: name, image: image,
            pixels: stacks == nil ? rows(pixels, of: image.reduce(1, *)) : pixels,
            stacks: stacks.map { rows($0, of: image[2]) }, labels: labels, classNames: classNames)
    }

    /// The bytes of one image, channels last.
    public func pixels(of index: Int) -> [UInt8] {
        let size = image.reduce(1, *)
        guard let stacks else { return Array(pixels[index * size..<(index + 1) * size]) }
        let (channels, area) = (image[2], size / image[2])
        return (0..<size).map { place in
            let grey = Int(stacks[index * channels + place % channels])
            return pixels[grey * area + place / channels]
        }
    }
}
