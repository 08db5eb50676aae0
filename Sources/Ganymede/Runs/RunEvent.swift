/// What a person did to a run while it trained. The journal holds it in the line of the first step that it affects, and
/// checkpoints hold all of them, so that the run can be repeated bit for bit.
public struct RunEvent: Codable, Equatable, Sendable {
    /// The first step that it affects, counted from 1.
    public let step: Int
    /// What was done.
    public let action: Action

    /// What a person can do.
    public enum Action: Equatable, Sendable {
        /// Training waited before the step.
        case pause
        /// It went on with the step.
        case resume
        /// The step updated the discriminator alone.
        case discriminatorStep
        /// The step updated the generator alone.
        case generatorStep
        /// An option of the GAN has another value from the step on. The key is a path in `config.json`; the value is
        /// JSON.
        case set(key: String, value: String)
    }

    /// An event that affects `step` first.
    public init(_ action: Action, at step: Int) {
        self.action = action
        self.step = step
    }

    private enum Kind: String, Codable {
        case pause, resume, set
        case discriminatorStep = "discriminator_step"
        case generatorStep = "generator_step"
    }

    private enum CodingKeys: CodingKey { case step, kind, key, value }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        step = try container.decode(Int.self, forKey: .step)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .pause: action = .pause
        case .resume: action = .resume
        case .discriminatorStep: action = .discriminatorStep
        case .generatorStep: action = .generatorStep
        case .set:
            action = .set(
                key: try container.decode(String.self, forKey: .key),
                value: try container.decode(JSONValue.self, forKey: .value).text)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(step, forKey: .step)
        try container.encode(kind, forKey: .kind)
        guard case .set(let key, let value) = action else { return }
        try container.encode(key, forKey: .key)
        try container.encode(JSONValue(parsing: value), forKey: .value)
    }

    private var kind: Kind {
        switch action {
        case .pause: .pause
        case .resume: .resume
        case .discriminatorStep: .discriminatorStep
        case .generatorStep: .generatorStep
        case .set: .set
        }
    }

    /// A sentence about it, without its step.
    public var text: String {
        switch action {
        case .pause: "paused"
        case .resume: "resumed"
        case .discriminatorStep: "a step of the discriminator alone"
        case .generatorStep: "a step of the generator alone"
        case .set(let key, let value): "\(key) set to \(value)"
        }
    }
}

extension [RunEvent] {
    /// Those of one step.
    func at(_ step: Int) -> [RunEvent] { filter { $0.step == step } }

    /// Which networks a step updates.
    func part(of step: Int) -> StepPart {
        for event in self where event.step == step {
            if event.action == .discriminatorStep { return .only(.discriminator) }
            if event.action == .generatorStep { return .only(.generator) }
        }
        return .whole
    }

    /// JSON, one object after the other.
    var text: String { (try? JSONValue(encoding: self).text) ?? "[]" }
}

extension RunOptions {
    /// The options of the steps after some events.
    func changed(by events: [RunEvent], registry: Registry = .standard) throws -> RunOptions {
        var options = self
        for event in events {
            guard case .set(let key, let value) = event.action else { continue }
            options = try options.changed(key, to: value, registry: registry)
        }
        return options
    }

    /// These options with another value of one that may change while a run trains: a number, a switch or a name of the
    /// GAN that leaves all variables as they are. Throws a usage error for every other one.
    func changed(
        _ key: String, to value: String, registry: Registry = .standard
    ) throws -> RunOptions {
        let new = try setting(["\(key)=\(value)"], registry: registry).validated(withData: false)
        var same = new
        same.gan = gan
        guard same == self else {
            throw GanymedeError.invalidOption(
                "\(key) cannot change while a run trains: only options of gan can")
        }
        guard new.gan.noise == gan.noise, new.gan.pixels == gan.pixels,
            new.gan.classes == gan.classes, new.variables == variables
        else {
            throw GanymedeError.invalidOption(
                "\(key)=\(value) would change what the networks and optimizers hold: begin a new run with it"
            )
        }
        return new
    }

    /// The name and shape of every variable of a run.
    private var variables: [String: Shape] {
        let declared = StepGraph(gan, batch: training.batch).variables
        return Dictionary(uniqueKeysWithValues: declared.map { ($0.name, $0.shape) })
    }
}
