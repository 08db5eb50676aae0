import FoundationEssentials

/// Caches what an evaluator and metrics compute from real images between processes: one file for the features of each set
/// of images, one for the figures of each reference set. If it is missing or damaged, it is computed again; it can be
/// deleted at any time.
package struct FeatureCache {
    let folder: String
    /// The newest files that are kept: 10,000 images take 6 MB.
    package static let limit = 32
    private static let ending = ".features"
    private static let figuresEnding = ".figures"
    /// Change this when a file's content changes.
    private static let version = "ganymede features 1"

    package init(_ folder: String) { self.folder = folder }

    /// In the user's folder of caches; nil if there is none.
    static var standard: FeatureCache? {
        DataFolders.standard.cache.map(FeatureCache.init)
    }

    /// The features and logits of `images`, computed by `run` if they are not cached.
    package func values(
        of images: [UInt8], _ image: ImageSize, channel: Int?, by evaluator: Evaluator,
        run: () throws -> (features: Matrix, logits: Matrix)
    ) rethrows -> (features: Matrix, logits: Matrix) {
        let name = name(images, image, channel, evaluator)
        if let found = read(name) { return found }
        let made = try run()
        write(made, name)
        return made
    }

    /// What tells one build of the program from another, whose kernels may give other bits.
    private static let program: String = {
        let file = Files.status("/proc/self/exe")
        return "\(file?.size ?? 0) \(file?.modified ?? 0)"
    }()

    /// The SHA-256 of everything that determines the bits.
    private func name(
        _ images: [UInt8], _ image: ImageSize, _ channel: Int?, _ evaluator: Evaluator
    ) -> String {
        let text =
            "\(sha256(images)) \(image.shape) \(channel ?? -1) \(evaluator.digest) \(FeatureCache.maker)"
        return sha256(Data(text.utf8)) + FeatureCache.ending
    }

    /// What made the bits.
    private static var maker: String {
        "\(version) \(GanymedeLibrary.version) \(DNN.version) \(DNN.instructionSet) \(program)"
    }

    /// What is known of a reference set from earlier processes, and will be from this one.
    ///
    /// - Parameter origin: everything that determines the figures, besides the program.
    package func figures(of origin: [String]) -> RealFigures {
        let text = (origin + [FeatureCache.maker]).joined(separator: "\n")
        let path = "\(folder)/\(sha256(Data(text.utf8)))\(FeatureCache.figuresEnding)"
        return RealFigures(FeatureCache.figures(path) ?? [:]) { write($0, path) }
    }

    /// The SHA-256 of the rest, a line feed, JSON. Nil for a damaged file.
    private static func figures(_ path: String) -> RealFigures.Values? {
        guard let data = try? Files.read(path), let end = data.firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let json = Data(data[(end + 1)...])
        guard Data(sha256(json).utf8) == data[..<end] else { return nil }
        return try? JSONDecoder().decode(RealFigures.Values.self, from: json)
    }

    private func write(_ figures: RealFigures.Values, _ path: String) {
        guard let json = try? JSONEncoder().encode(figures) else { return }
        write([Data("\(sha256(json))\n".utf8), json], path)
    }

    private func read(_ name: String) -> (features: Matrix, logits: Matrix)? {
        guard let file = try? Safetensors("\(folder)/\(name)"), file.isHashed,
            let features = try? file.tensor("features"), let logits = try? file.tensor("logits"),
            features.shape.rank == 2, logits.shape.rank == 2
        else { return nil }
        func matrix(_ tensor: HostTensor) -> Matrix {
            Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
        }
        return (matrix(features), matrix(logits))
    }

    /// A folder that cannot be written is no error.
    private func write(_ made: (features: Matrix, logits: Matrix), _ name: String) {
        func tensor(_ matrix: Matrix) -> HostTensor {
            HostTensor([matrix.rows, matrix.columns], matrix.values)
        }
        let tensors = [
            (name: "features", tensor: tensor(made.features)),
            (name: "logits", tensor: tensor(made.logits)),
        ]
        guard
            let parts = try? Safetensors.encoded(
                tensors, metadata: ["format": FeatureCache.version])
        else { return }
        write(parts, "\(folder)/\(name)")
    }

    private func write(_ parts: [Data], _ path: String) {
        // Readable by the user only, as the images may be.
        try? Files.makeDirectory(folder, mode: 0o700)
        try? Files.writeAtomically(path, parts, mode: 0o600)
        for ending in [FeatureCache.ending, FeatureCache.figuresEnding] { removeOldest(ending) }
    }

    private func removeOldest(_ ending: String) {
        let files = ((try? Files.list(folder)) ?? []).filter { $0.hasSuffix(ending) }.map {
            (path: "\(folder)/\($0)", age: Files.status("\(folder)/\($0)")?.modified ?? 0)
        }
        for file in files.sorted(by: { $0.age > $1.age }).dropFirst(FeatureCache.limit) {
            try? Files.remove(file.path)
        }
    }
}
