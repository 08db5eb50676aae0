extension RunOptions {
    /// The options of a preset, by default on MNIST, or `ring8` for points. Another batch size changes the number of
    /// steps of a preset that counts in epochs.
    ///
    /// - Parameter labels: whether a preset that reads labels is conditional where the data has classes.
    public init(
        preset: Preset, data: String? = nil, size: Int? = nil, channels: Int? = nil,
        batch: Int? = nil, labels: Bool = true
    ) throws {
        let source = DataSource(data ?? (preset.makesPoints ? GaussianMixture.ring8.name : "mnist"))
        let classNames = preset.readsLabels && labels ? try source.classNames() : nil
        let isImages = !preset.makesPoints && !source.holdsPoints
        self.init(
            preset: preset.name, data: source.name,
            gan: try preset.gan(
                size: size, channels: channels ?? (isImages ? source.extent.image?.channels : nil),
                classes: classNames?.count),
            training: preset.training(
                batch: batch ?? preset.batch,
                images: (source.known ?? .mnist).count))
        self.classNames = gan.classes == nil ? nil : classNames
    }

    /// The options in a `config.json`.
    public init(file path: String) throws {
        let content = try Files.read(path, limit: RunOptions.fileLimit)
        self = try JSON.decode(RunOptions.self, from: content, quoted(path))
    }

    /// The largest size of a `config.json`, in bytes.
    static let fileLimit = 4 << 20

    /// The text of `config.json`.
    public func text() throws -> String {
        String(decoding: try JSON.encoder(pretty: true).encode(self), as: UTF8.self)
    }
}
