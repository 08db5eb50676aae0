/// A classifier's compiled forward pass. Images are processed in chunks of one size, the last padded with zeros, so the
/// result for an image does not depend on the number of images.
final class Classifier {
    private static let chunk = 64
    private let network: EvaluatorNetwork
    private let program: Program
    private let features, logits: ResultHandle

    /// Compiles the pass for the given weights. Call on the engine's thread.
    convenience init(_ network: EvaluatorNetwork, _ weights: [String: HostTensor]) throws {
        let store = StateStore()
        for (name, tensor) in weights { store[name] = tensor }
        try self.init(network, store)
    }

    /// Compiles the pass for weights in `store`. Call on the engine's thread.
    init(_ network: EvaluatorNetwork, _ store: StateStore) throws {
        self.network = network
        let builder = GraphBuilder()
        let shape = Shape([Classifier.chunk] + network.features.input)
        let images = builder.feed("images", TensorType(shape))
        let made = network(images, Variables(builder), mode: .inference)
        features = builder.result("features", made.features)
        logits = builder.result("logits", made.logits)
        program = try compiling { try Program(builder.graph, store: store) }
    }

    /// Features [N, D] and logits [N, K] of N images.
    ///
    /// - Parameters:
    ///   - stride: bytes per pixel.
    ///   - channel: the only channel to use; nil for all.
    func run(
        _ images: [UInt8], stride: Int, channel: Int?
    ) -> (features: Matrix, logits: Matrix) {
        let size = network.features.input.reduce(1, *)
        let step = channel == nil ? 1 : stride
        let count = images.count / (size * step)
        let feed = program.feed("images")
        let (scale, offset) = PixelRange.signed.scaling
        let (features, logits) = (network.features.output[0], network.head.output[0])
        var (allFeatures, allLogits): ([Float], [Float]) = ([], [])
        allFeatures.reserveCapacity(count * features)
        allLogits.reserveCapacity(count * logits)
        for first in Swift.stride(from: 0, to: count, by: Classifier.chunk) {
            let part = min(Classifier.chunk, count - first)
            images.withUnsafeBufferPointer { bytes in
                let start = first * size * step + (channel ?? 0)
                for index in 0..<part * size {
                    feed[index] = Float(bytes[start + index * step]) * scale + offset
                }
            }
            for index in part * size..<feed.count { feed[index] = 0 }
            program.run()
            allFeatures += program.values(of: self.features).prefix(part * features)
            allLogits += program.values(of: self.logits).prefix(part * logits)
        }
        return (
            Matrix(rows: count, columns: features, values: allFeatures),
            Matrix(rows: count, columns: logits, values: allLogits)
        )
    }
}
