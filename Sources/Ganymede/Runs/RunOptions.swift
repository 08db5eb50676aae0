/// All resolved options of a run, as in `config.json`.
public struct RunOptions: Codable, Equatable, Sendable {
    /// The preset it started from, if any.
    public var preset: String?
    /// The training data.
    public var source: DataSource
    /// The name of the data: a dataset, a folder or a file.
    public var data: String {
        get { source.name }
        set { source = DataSource(newValue) }
    }
    /// Side of an image in pixels; nil for points.
    public var size: Int?
    /// 1 for grey, 3 for colour; nil for points.
    public var channels: Int?
    /// Steps, batch size, intervals and other settings.
    public var training: TrainingConfig
    /// The run or checkpoint whose weights are the initial weights, if any.
    public var initFrom: String?
    /// The file of the evaluator for metrics; nil for the one that comes with the dataset.
    public var evaluator: String?
    /// What the classes of a conditional GAN are called, in their order; nil without classes.
    public var classNames: [String]?
    /// The run that it goes on from; nil for one that began at step 0.
    public internal(set) var fork: Fork?
    /// The networks, their losses and optimizers.
    public var gan: GAN

    private enum Key: String, CodingKey {
        case preset, data, size, channels, initFrom, evaluator, classNames, fork, gan, epochSteps
        case metricsEvery, healthEvery
    }

    /// The options of a run of `gan`.
    public init(preset: String? = nil, data: String, gan: GAN, training: TrainingConfig) {
        self.preset = preset
        source = DataSource(data)
        self.gan = gan
        self.training = training
        let image = SampleExtent(shape: gan.generator.output)?.image
        (size, channels) = (image?.height, image?.channels)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        preset = try container.decodeIfPresent(String.self, forKey: .preset)
        source = DataSource(
            try container.decode(String.self, forKey: .data), registry: decoder.registry)
        initFrom = try container.decodeIfPresent(String.self, forKey: .initFrom)
        evaluator = try container.decodeIfPresent(String.self, forKey: .evaluator)
        fork = try container.decodeIfPresent(Fork.self, forKey: .fork)
        gan = try container.decode(GAN.self, forKey: .gan)
        let classNames = try container.decodeIfPresent([String].self, forKey: .classNames)
        self.classNames = gan.classes == nil ? nil : classNames
        training = try TrainingConfig(from: decoder)
        if gan.generator.output == SampleExtent.point.shape { return }
        let image = SampleExtent(shape: gan.generator.output)?.image
        size = try container.decodeIfPresent(Int.self, forKey: .size) ?? image?.height
        channels = try container.decodeIfPresent(Int.self, forKey: .channels) ?? image?.channels
    }

    public func encode(to encoder: any Encoder) throws {
        try training.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(preset, forKey: .preset)
        try container.encode(data, forKey: .data)
        try container.encodeIfPresent(size, forKey: .size)
        try container.encodeIfPresent(channels, forKey: .channels)
        // Written as null if nil, so that readers see the keys and --set finds them.
        try container.encode(initFrom, forKey: .initFrom)
        try container.encode(evaluator, forKey: .evaluator)
        try container.encodeIfPresent(classNames, forKey: .classNames)
        try container.encodeIfPresent(fork, forKey: .fork)
        try container.encode(training.epochSteps, forKey: .epochSteps)
        try container.encode(training.metricsEvery, forKey: .metricsEvery)
        try container.encode(training.healthEvery, forKey: .healthEvery)
        try container.encode(gan, forKey: .gan)
    }

    /// Options that do not change the results of steps. They may differ when a run is resumed.
    static let watching = [
        "steps", "sample_every", "checkpoint_every", "grid", "epoch_steps", "milestones",
        "announce_samples", "metrics_every", "metrics_samples", "evaluator", "duration",
        "health_every", "keep", "on_nan", "rollbacks", "fork",
    ]

    /// The path of the data may differ as well; its digest is compared.
    static let notIdentity = watching + ["data"]

    /// The options that determine the results, as JSON.
    func identity() throws -> JSONValue {
        guard case .object(var fields) = try JSONValue(encoding: self) else { return .null }
        for key in RunOptions.notIdentity { fields[key] = nil }
        return .object(fields)
    }

    /// The fields of `config.json`. Paths are absolute, so that a resume from another working directory finds the files.
    func recorded() throws -> [String: JSONValue] {
        guard case .object(var fields) = try JSONValue(encoding: self) else { return [:] }
        fields["data"] = .string(source.absoluteName)
        if let evaluator { fields["evaluator"] = .string(Files.absolute(evaluator)) }
        return fields
    }

    /// The options that do not determine the results, as JSON: with ``identity()``, all that ``recorded()`` holds.
    func remainder() throws -> JSONValue {
        .object(try recorded().filter { RunOptions.notIdentity.contains($0.key) })
    }

    /// These options with each `key=value` applied in turn. The key is a path in `config.json` or the end of one. A new
    /// kind, as in `loss=minimax`, keeps the fields that it shares with the old one; the others get their defaults.
    public func setting(
        _ assignments: [String], registry: Registry = .standard
    ) throws -> RunOptions {
        var json = try JSONValue(encoding: self)
        var options = self
        for assignment in assignments {
            let parts = assignment.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw GanymedeError.invalidOption(
                    "\(option: "set") takes key=value, not \"\(assignment)\"")
            }
            let path = try RunOptions.resolve(String(parts[0]), in: json)
            json = json.replacing(
                path.split(separator: ".")[...], with: JSONValue(parsing: String(parts[1])))
            do {
                options = try JSON.decoder(registry).decode(
                    RunOptions.self, from: JSON.encoder().encode(json))
            } catch {
                let values = OptionGuide(registry).entry(
                    path.split(separator: ".").map(String.init))?.values
                throw GanymedeError.invalidOption(
                    "\(option: "set") \(assignment): \(JSON.explain(error))"
                        + (values.map { ". Permitted: \($0)" } ?? ""))
            }
            if path.hasSuffix(".kind") { json = try JSONValue(encoding: options) }
        }
        return options
    }

    private static func resolve(_ key: String, in json: JSONValue) throws -> String {
        // A list, a schedule or another value with parts can be set as a whole.
        let leaves = json.leaves.keys
        let wholes = leaves.flatMap { path in
            path.indices.filter { path[$0] == "." }.map { String(path[..<$0]) }
        }
        // A value with a kind can be set by its kind.
        let kinds = leaves.filter { $0.hasSuffix(".kind") }.map { String($0.dropLast(5)) }
        if let path = try resolve(key, among: kinds.sorted()) { return path + ".kind" }
        let known = Set(leaves).union(wholes).sorted()
        if let path = try resolve(key, among: known) { return path }
        throw GanymedeError.unknownName(
            "\(option: "set"): there is no key \"\(key)\"." + suggestion(for: key, among: known)
                + " Keys are the paths in config.json, such as gan.generator_optimizer.learning_rate"
        )
    }

    /// The path that equals `key`, or the only one that ends in it; nil if there is none.
    private static func resolve(_ key: String, among known: [String]) throws -> String? {
        if known.contains(key) { return key }
        let matches = known.filter { $0.hasSuffix("." + key) }
        if matches.count > 1 {
            throw GanymedeError.invalidOption(
                "\(option: "set"): the key \"\(key)\" could be \(matches.joined(separator: " or "))"
            )
        }
        return matches.first
    }

    /// These options. Throws a usage error if a value is out of range or parts do not fit together.
    ///
    /// - Parameter withData: whether ``source`` is checked as well; false if the samples are in memory.
    public func validated(withData: Bool = true) throws -> RunOptions {
        let training = training
        for (name, value, least) in [
            ("steps", training.steps, 1), ("batch", training.batch, 1),
            ("threads", training.threads, 1), ("sample_every", training.sampleEvery, 1),
            ("checkpoint_every", training.checkpointEvery, 1),
            ("epoch_steps", training.epochSteps ?? 1, 1),
            ("metrics_every", training.metricsEvery ?? 1, 1),
            ("metrics_samples", training.metricsSamples, 1),
            ("health_every", training.healthEvery ?? 0, 0), ("keep", training.keep, 0),
            ("rollbacks", training.rollbacks ?? 0, 0),
        ] where value < least {
            throw GanymedeError.invalidOption("\(option: name) is at least \(least), not \(value)")
        }
        if training.seed < 0 {
            throw GanymedeError.invalidOption(
                "\(option: "seed") is not negative, and not \(training.seed)")
        }
        if training.threads > 1024 {
            throw GanymedeError.invalidOption(
                "\(option: "threads") is at most 1024, not \(training.threads)")
        }
        if training.steps > 1_000_000_000 {
            throw GanymedeError.invalidOption(
                "\(option: "steps") is at most a billion, not \(training.steps)")
        }
        if training.batch > 65_536 {
            throw GanymedeError.invalidOption(
                "\(option: "batch") is at most 65536, not \(training.batch)")
        }
        if training.grid.count != 2 || training.grid.contains(where: { !(1...64).contains($0) }) {
            throw GanymedeError.invalidOption(
                "grid is rows and columns from 1 to 64, not \(training.grid)")
        }
        let milestones = training.milestones
        if milestones.count > 12 || milestones.contains(where: { $0 < 0 }) {
            throw GanymedeError.invalidOption(
                "milestones are at most 12 steps from 0 on, not \(milestones)")
        }
        if let channels, channels != 1 && channels != 3 {
            throw GanymedeError.invalidOption("\(option: "channels") is 1 or 3, not \(channels)")
        }
        if let size, !(1...16_384).contains(size) {
            throw GanymedeError.invalidOption("\(option: "size") is from 1 to 16384, not \(size)")
        }
        if let fault = gan.fault ?? gan.extentFault {
            throw GanymedeError.invalidOption(Message(fault))
        }
        if training.batch % gan.packing != 0 {
            throw GanymedeError.invalidOption(
                "packing divides the batch, and \(gan.packing) does not divide \(training.batch)")
        }
        if let size, let channels, gan.generator.output != [size, size, channels] {
            throw GanymedeError.invalidOption(
                "the generator makes images of \(Shape(gan.generator.output)), and size and channels say "
                    + "\(Shape([size, size, channels]))\(advice: ": use \(option: "size") and \(option: "channels")")"
            )
        }
        if withData { try source.check(takes: gan.extent) }
        return self
    }
}

extension JSONValue {
    /// The text parsed as JSON (a number, a boolean, null, a list), else the text as a string.
    init(parsing text: String) {
        let value = try? JSON.decoder().decode(JSONValue.self, from: .init(text.utf8))
        self = value ?? Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .string(text)
    }
}
