import FoundationEssentials

/// All state that is needed to resume a run, in one `.safetensors` file: weights, moving statistics and optimizer slots
/// by name, and in the header the step, the options, and what the bits depend on. The same run at the same step writes
/// the same bytes. Damage is detected by ``TensorHashes``.
struct Checkpoint {
    let file: Safetensors
    let path: String
    /// Finished steps.
    let step: Int
    /// The options that determine the results.
    let identity: JSONValue
    let dataDigest: String
    /// The choices that the options leave to the run.
    let plan: Plan

    /// What the bits of its run depend on, part by part.
    private(set) var conditions: [Conditions] = []

    /// What a person did to the run so far.
    private(set) var events: [RunEvent] = []

    private static let format = "ganymede 2"
    /// Files of this format bear no hashes.
    private static let unhashedFormat = "ganymede 1"

    /// The step of the best checkpoint so far, and its metrics; nil if there is none, or the file is of an earlier
    /// version.
    let best: Best?

    struct Best: Codable, Equatable {
        let step: Int
        let metrics: [String: Double]
        /// The metrics of real samples, which say what kind of metrics these are.
        let real: [String: Double]?
    }

    /// A file's bytes, in parts.
    static func encoded(
        store: StateStore, variables: [Variable], step: Int, options: RunOptions, plan: Plan,
        dataDigest: String, conditions: [Conditions], events: [RunEvent] = [], best: Best?,
        healthWeights: [Float]?
    ) throws -> [Data] {
        var tensors = variables.compactMap { variable in
            store[variable.name].map { (name: variable.name, tensor: $0) }
        }
        if let healthWeights {
            let tensor = HostTensor([healthWeights.count], healthWeights)
            tensors.append((name: healthName, tensor: tensor))
        }
        var metadata = try [
            "format": Checkpoint.format, "step": "\(step)", "options": options.identity().text,
            "other_options": options.remainder().text, "plan": plan.text,
            "data_sha256": dataDigest,
            "onednn": DNN.version, "isa": DNN.instructionSet,
            "ganymede": GanymedeLibrary.version,
            "conditions": JSONValue(encoding: conditions).text,
            "best": best.map { try JSONValue(encoding: $0).text } ?? "null",
            "rollbacks": options.training.rollbacks.map { "\($0)" } ?? "",
        ]
        // A run that nobody steered writes the same bytes as before there were events.
        if !events.isEmpty { metadata["events"] = events.text }
        return try Safetensors.encoded(tensors, metadata: metadata)
    }

    /// Opens a checkpoint file, or the latest checkpoint of a run directory.
    init(_ path: String) throws {
        self.path = try RunDirectory.checkpoint(in: path)
        file = try Safetensors(self.path)
        let format = file.isHashed ? Checkpoint.format : Checkpoint.unhashedFormat
        guard file.metadata["format"] == format, let step = file.metadata["step"].flatMap(Int.init),
            step >= 0,
            let options = file.metadata["options"]
        else {
            throw GanymedeError.fileMalformed(
                "\(quoted(self.path)) is not a checkpoint of Ganymede, or it is damaged: it lacks the header's fields"
            )
        }
        if let named = CheckpointFolder.step(ofFile: Files.name(self.path)), named != step {
            throw GanymedeError.fileMalformed(
                "\(quoted(self.path)) holds step \(step), and not the one that it is named after")
        }
        self.step = step
        dataDigest = file.metadata["data_sha256"] ?? ""
        let planned = file.metadata["plan"] ?? Plan(precision: .f32).text
        plan = try JSON.decode(Plan.self, from: .init(planned.utf8), "\(quoted(self.path)): plan")
        let best = file.metadata["best"] ?? "null"
        self.best = try JSON.decode(
            Best?.self, from: .init(best.utf8), "\(quoted(self.path)): best")
        identity = try JSON.decode(
            JSONValue.self, from: .init(options.utf8), "\(quoted(self.path)): options")
        if let text = file.metadata["events"] {
            events = try JSON.decode(
                [RunEvent].self, from: .init(text.utf8), "\(quoted(self.path)): events")
        }
        conditions = [earlierConditions()]
        if let text = file.metadata["conditions"] {
            conditions = try JSON.decode(
                [Conditions].self, from: .init(text.utf8), "\(quoted(self.path)): conditions")
        }
    }

    private static let healthName = "health.generator"

    /// Weights of the generator at the last measurement of the run's health; nil if there was none.
    func healthWeights() throws -> [Float]? {
        file.shape(Checkpoint.healthName) == nil
            ? nil : try file.tensor(Checkpoint.healthName).values
    }

    /// The SHA-256 of the weights, statistics and optimizer state, as ``Verification/digest``.
    func tensorDigest() throws -> String {
        let hash = SHA256()
        for name in file.names.sorted() where name != Checkpoint.healthName {
            try file.tensor(name).values.withUnsafeBytes(hash.update)
        }
        return hash.hexadecimal()
    }

    /// How often the run went back after NaN or infinity.
    var rollbacks: Int? { file.metadata["rollbacks"].flatMap { Int($0) } }

    /// What a person should know who goes on from it with a number of threads and other ranks.
    func notes(threads: Int, communicator: (any Communicator)?) -> [String] {
        let here = Conditions.here(threads: threads, communicator: communicator)
        let change = conditions.last?.difference(from: here)
        return [unhashed, change.map { "the checkpoint was made with \($0)" }].compactMap(\.self)
    }

    /// Says that damage would not be noticed; nil for a file with hashes.
    var unhashed: String? {
        file.isHashed
            ? nil
            : "\(quoted(path)) is of an earlier version and bears no hash: damage to it would not be noticed"
    }

    /// The conditions that a file of an earlier version names.
    private func earlierConditions() -> Conditions {
        var threads = 0
        if case .object(let fields) = identity, case .integer(let count) = fields["threads"] {
            threads = count
        }
        let fields = file.metadata
        return Conditions(
            after: 0, threads: threads, isa: fields["isa"] ?? "?",
            onednn: fields["onednn"] ?? "?",
            ganymede: fields["ganymede"] ?? GanymedeLibrary.version)
    }

    /// The options that determine the results, with their current names. Options newer than the checkpoint have their
    /// default values. `options` supplies what is not recorded.
    private func identity(completedBy options: RunOptions, _ registry: Registry) throws -> JSONValue
    {
        guard case .object(var fields) = identity,
            case .object(let now) = try JSONValue(encoding: options)
        else {
            throw GanymedeError.fileMalformed(
                "\(quoted(path)) does not say which options it was made with")
        }
        for key in RunOptions.notIdentity { fields[key] = now[key] }
        let data = try JSON.encoder().encode(JSONValue.object(fields))
        return try JSON.decode(
            RunOptions.self, from: data, "\(quoted(path)): options", registry: registry
        ).identity()
    }

    /// All options of the run as they were when this was saved; nil in a file of an earlier version, which does not hold
    /// them.
    func options(_ registry: Registry) throws -> RunOptions? {
        guard let other = file.metadata["other_options"] else { return nil }
        let place = "\(quoted(path)): options"
        guard case .object(var fields) = identity,
            case .object(let rest) = try JSON.decode(
                JSONValue.self, from: .init(other.utf8), place)
        else { return nil }
        fields.merge(rest) { $1 }
        return try JSON.decode(
            RunOptions.self, from: JSON.encoder().encode(JSONValue.object(fields)), place,
            registry: registry)
    }

    /// Throws an error that lists the fields of `options` that would change the run's results.
    func checkIdentity(
        _ options: RunOptions, _ directory: RunDirectory, _ registry: Registry
    ) throws {
        let found = try identity(completedBy: options, registry)
        // The number of threads changes the last bits only.
        let changed = differences(found, try options.identity()).filter {
            !$0.hasPrefix("threads:")
        }
        guard changed.isEmpty else {
            throw GanymedeError.mismatch(
                "\(quoted(path)) belongs to other options than \(quoted(directory.configPath)) holds:\n  "
                    + changed.joined(separator: "\n  "))
        }
    }

    /// What the classes of its generator are called, if it has classes and they have names.
    var classNames: [String]? {
        guard case .object(let fields) = identity, case .array(let names) = fields["class_names"]
        else { return nil }
        return names.compactMap { name in
            if case .string(let text) = name { text } else { nil }
        }
    }

    /// The networks in the checkpoint.
    func gan(_ registry: Registry = .standard) throws -> GAN {
        guard case .object(let fields) = identity, let gan = fields["gan"] else {
            throw GanymedeError.fileMalformed(
                "\(quoted(path)) does not say which networks it holds")
        }
        let made = try JSON.decode(
            GAN.self, from: JSON.encoder().encode(gan), "\(quoted(path)): gan",
            registry: registry)
        if let fault = made.fault ?? made.extentFault {
            throw GanymedeError.fileMalformed(
                "\(quoted(path)) holds no system that fits together: \(fault)")
        }
        return made
    }

    /// Copies the weights of networks into `store`, and their moving averages, if it holds those of all weights. Throws
    /// also for NaN or infinity.
    func load(_ networks: [Sequential], into store: StateStore) throws {
        for network in networks {
            let variables = network.variables
            try load(variables, into: store)
            let averages = variables.map(\.average)
            if averages.allSatisfy({ file.shape($0.name) != nil }) {
                try load(averages, into: store)
            }
        }
        if let bad = store.firstNonFinite() {
            throw GanymedeError.fileMalformed(
                "\(quoted(path)): \(bad) holds a number that is not finite")
        }
    }

    /// Copies `variables` into `store`. Throws an error that lists those that do not fit.
    func load(_ variables: [Variable], into store: StateStore) throws {
        var faults: [String] = []
        for variable in variables {
            let found = file.shape(variable.name)
            if found != variable.shape {
                faults.append(
                    "\(variable.name): \(found?.description ?? "missing") in the file, "
                        + "\(variable.shape) in the network")
            }
        }
        guard faults.isEmpty else {
            let rest = faults.count > 12 ? "\n  and \(faults.count - 12) more" : ""
            throw GanymedeError.mismatch(
                "\(quoted(path)) is a checkpoint of another shape:\n  "
                    + faults.prefix(12).joined(separator: "\n  ") + rest)
        }
        for variable in variables { store[variable.name] = try file.tensor(variable.name) }
    }
}
