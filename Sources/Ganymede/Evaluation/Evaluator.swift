/// A classifier whose features and calibrated class probabilities are used for metrics. It is trained on training
/// images only; its quality is measured on test images.
public struct Evaluator: Sendable {
    /// The dataset that it was trained on.
    public let data: String
    /// The names of the classes 0, 1, ...
    public let classNames: [String]
    /// Probabilities are softmax(logits / temperature).
    public let temperature: Double
    /// Its quality on test images.
    public let quality: ClassifierQuality
    /// The command that reproduces this evaluator.
    public let command: String
    /// What its classes are.
    public let supervision: Supervision
    /// SHA-256 of its file.
    public let digest: String
    let network: EvaluatorNetwork
    let weights: [String: HostTensor]

    /// What an evaluator learned to tell apart.
    public enum Supervision: String, Codable, Sendable {
        /// The classes of labelled images.
        case labels
        /// Changed copies of single images, for images without labels: its features are of use, its classes are not.
        case exemplars
    }

    /// The size of its input images.
    public var image: ImageSize { network.image }
    /// The number of features, D.
    public var featureCount: Int { network.features.output[0] }

    /// Features [N, D] and class probabilities [N, K] of N images. The result for an image does not depend on the
    /// others. Throws if the images have another size or other channels.
    ///
    /// - Parameters:
    ///   - images: bytes of N images, one after the other, channels last.
    ///   - image: their size.
    ///   - channel: the channel to use, for colour images and an evaluator of grey images.
    ///   - threads: CPU threads. The bits of a result depend on them.
    public func observe(
        _ images: [UInt8], image: ImageSize, channel: Int? = nil, threads: Int = Machine.processors
    ) throws -> Features {
        try observe(images, image: image, channel: channel, threads: threads, cache: nil)
    }

    /// The same, from a cache if the images were seen before.
    func observe(
        _ images: [UInt8], image: ImageSize, channel: Int? = nil, threads: Int,
        cache: FeatureCache?
    ) throws -> Features {
        func run() throws -> (features: Matrix, logits: Matrix) {
            try self.run(images, image: image, channel: channel, threads: threads)
        }
        let (features, logits) =
            try cache?.values(of: images, image, channel: channel, by: self, run: run) ?? run()
        return Features(
            features: features, probabilities: logits.softmax(temperature: temperature))
    }

    /// The logits [N, K] of N images, not divided by the temperature: see ``observe(_:image:channel:threads:)``.
    public func logits(
        _ images: [UInt8], image: ImageSize, channel: Int? = nil, threads: Int = Machine.processors
    ) throws -> Matrix {
        try run(images, image: image, channel: channel, threads: threads).logits
    }

    /// The confusion matrix of labelled images.
    public func confusion(on test: Dataset, threads: Int = Machine.processors) throws -> Confusion {
        guard let labels = test.labels, labels.allSatisfy({ Int($0) < classNames.count }) else {
            throw GanymedeError.dataUnsuitable(
                "\(test.name) has no labels, or others than the evaluator of \(data)")
        }
        let seen = try observe(
            test.pixels, image: test.image ?? image, threads: threads)
        return Confusion(seen.probabilities, labels: labels, classNames: classNames)
    }

    /// A description in some lines of text.
    public var text: String {
        """
        \(data): \(quality.text.replacing("\n", with: "\n  "))
          images of \(image), \(featureCount) features, \(supervision == .labels ? "\(classNames.count) classes: \(classNames.joined(separator: ", "))" : "trained without labels on copies of \(classNames.count) images")
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
            "the evaluator of \(data) takes images of \(self.image), and not of \(image)"
                + advice)
    }
}
