/// A classifier whose features and calibrated class probabilities metrics are computed from. It has learned from
/// training images alone; test images say how good it is.
public struct Evaluator: Sendable {
    /// The dataset that it has learned from.
    public let data: String
    /// What the classes 0, 1, ... are called.
    public let classNames: [String]
    /// What logits are divided by before they become probabilities.
    public let temperature: Double
    /// How well it tells the test images.
    public let quality: ClassifierQuality
    /// The command that makes this evaluator again.
    public let command: String
    /// SHA-256 of its file.
    public let digest: String
    let network: EvaluatorNetwork
    let weights: [String: HostTensor]

    /// The size of the images that it sees.
    public var image: ImageSize { network.image }
    /// The number of features, D.
    public var featureCount: Int { network.features.output[0] }

    /// What the evaluator sees in N images: features [N, D], and probabilities [N, K]. What it sees in an image does
    /// not depend on the others. Throws where the images are of another size or have other channels.
    ///
    /// - Parameters:
    ///   - images: bytes of N images, one after the other, channels last.
    ///   - image: their size.
    ///   - channel: the one to look at, for images with more channels than one and an evaluator of grey images.
    public func observe(
        _ images: [UInt8], image: ImageSize, channel: Int? = nil, threads: Int = Machine.processors
    ) throws -> Features {
        let (features, logits) = try run(images, image: image, channel: channel, threads: threads)
        return Features(
            features: features, probabilities: logits.softmax(temperature: temperature))
    }

    /// What the last layer makes of N images, [N, K], before the temperature: see ``observe(_:image:channel:threads:)``.
    public func logits(
        _ images: [UInt8], image: ImageSize, channel: Int? = nil, threads: Int = Machine.processors
    ) throws -> Matrix {
        try run(images, image: image, channel: channel, threads: threads).logits
    }

    /// Which class is taken for which among images whose labels are known.
    public func confusion(on test: Dataset, threads: Int = Machine.processors) throws -> Confusion {
        guard let labels = test.labels, labels.allSatisfy({ Int($0) < classNames.count }) else {
            throw GanymedeError.dataUnsuitable(
                "\(test.name) has no labels, or others than the evaluator of \(data)")
        }
        let seen = try observe(
            test.pixels, image: test.image ?? image, threads: threads)
        return Confusion(seen.probabilities, labels: labels, classNames: classNames)
    }

    /// Some lines for a person.
    public var text: String {
        """
        \(data): \(quality.text.replacing("\n", with: "\n  "))
          images of \(image), \(featureCount) features, \(classNames.count) classes: \(classNames.joined(separator: ", "))
          SHA-256 \(digest)
          \(command)
        """
    }

    private func run(
        _ images: [UInt8], image: ImageSize, channel: Int?, threads: Int
    ) throws -> (features: Matrix, logits: Matrix) {
        let size = image.count
        if size == 0 || images.count % size != 0 {
            misuse("\(images.count) bytes are no images of \(image)")
        }
        if let channel, self.image.channels != 1 || !(0..<image.channels).contains(channel) {
            misuse("channel \(channel) of images \(image) for \(self.image)")
        }
        try checkExtents(channel == nil ? image : image.withChannels(1))
        return try EngineThread.run {
            let before = EngineThread.threads
            EngineThread.threads = threads
            defer { EngineThread.threads = before }
            let classifier = try Classifier(network, weights)
            return classifier.run(images, stride: image.channels, channel: channel)
        }
    }

    private func checkExtents(_ image: ImageSize) throws {
        if image == self.image { return }
        let advice =
            image.channels == 3 && self.image.channels == 1
            ? ". To see one channel at a time, name it: channel 0, 1 or 2" : ""
        throw GanymedeError.mismatch(
            "the evaluator of \(data) sees images of \(self.image), and not of \(image)"
                + advice)
    }
}
