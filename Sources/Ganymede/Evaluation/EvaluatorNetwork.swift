/// The two parts of a classifier: images to features, and features to logits.
struct EvaluatorNetwork: Codable, Equatable, Sendable {
    /// Images [height, width, channels] to [D] features.
    let features: Sequential
    /// Features to [K] logits.
    let head: Sequential

    /// The size of its images.
    var image: ImageSize {
        guard let size = ImageSize(shape: features.input) else { misuse(fault ?? "") }
        return size
    }

    /// Every variable of both.
    var variables: [Variable] { features.variables + head.variables }

    /// Features and logits of `images`.
    func callAsFunction(
        _ images: Tensor, _ variables: Variables, mode: Mode
    ) -> (features: Tensor, logits: Tensor) {
        let made = features(images, variables, mode: mode, pass: "classifier")
        return (made, head(made, variables, mode: mode, pass: "classifier"))
    }

    /// Why the parts do not form an image classifier; nil if they do.
    var fault: String? {
        let (made, logits) = (features.output, head.output)
        if ImageSize(shape: features.input) == nil {
            return "images are [height, width, 1 or 3], and not \(features.input)"
        }
        if made.count != 1 || made != head.input {
            return
                "\(features.name) makes \(Shape(made)) and \(head.name) takes \(Shape(head.input))"
        }
        if logits.count != 1 || !(2...256).contains(logits[0]) {
            return "\(head.name) makes \(Shape(logits)), not 2 to 256 logits"
        }
        return features.name == head.name ? "both parts are called \(head.name)" : nil
    }
}
extension EvaluatorNetwork {
    /// The classifier for images of this size: convolutions halve the image until its longer side has four pixels,
    /// followed by 128 features.
    init(image: ImageSize, classes: Int) {
        var side = max(image.height, image.width)
        var layers: [any Layer] = []
        func convolve(_ filters: Int, strides: Extent2D = 1) {
            layers += [
                Conv2D(
                    filters, kernelSize: 3, strides: strides, padding: .same, useBias: false),
                BatchNorm(momentum: 0.95), ReLU(),
            ]
            side = (side + strides.rows - 1) / strides.rows
        }
        convolve(16)
        while side > 32 { convolve(32, strides: 2) }
        convolve(64, strides: side > 4 ? 2 : 1)
        convolve(64)
        while side > 4 { convolve(64, strides: 2) }
        layers += [Flatten(), Dense(128, useBias: false), BatchNorm(momentum: 0.95), ReLU()]
        features = Sequential("features", input: image.shape, layers: layers)
        head = Sequential("head", input: [128]) { Dense(classes) }
    }
}
