/// The share of generated images that equal a training image byte for byte. The whole training split is searched.
/// ``Memorisation`` searches only N images drawn from it, but also detects copies that are not exact.
///
/// The real-versus-real figure is that of test images. It can be above 0: a dataset may hold the same picture twice.
public enum Copies: Metric {
    public static let names = ["copies"]
    public static let about = ["share that is a training image, byte for byte: 0 is none"]
    public static let minimumSamples = 1

    public static func figures(_ input: MetricInput) throws -> [Double] {
        guard let samples = input.generated.samples, let known = input.trainingSet else {
            throw GanymedeError.metricUndefined(
                "copies is of whole images beside the whole training split")
        }
        let copies = (0..<samples.count).count { known.contains(samples.pixels(of: $0)) }
        return [Double(copies) / Double(samples.count)]
    }
}

/// The images of a dataset as a set of hashes.
public struct ImageSet: Sendable {
    private let digests: Set<UInt64>

    /// Hashes every image of a dataset.
    public init(_ dataset: Dataset) {
        digests = Set((0..<dataset.count).map { ImageSet.digest(dataset.pixels(of: $0)) })
    }

    /// Whether the set holds an image of the same bytes. A false positive has probability N / 2^64.
    public func contains(_ image: [UInt8]) -> Bool { digests.contains(ImageSet.digest(image)) }

    /// FNV-1a, 64 bits (Fowler, Noll and Vo).
    private static func digest(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
